package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cardea/intel/stix"
)

const (
	taxiiType = "application/taxii+json"
	taxiiAsk  = taxiiType + ";version=2.1"
	pageSize  = 1000
	maxPages  = 2000
)

// Page is one page of a collection.
type Page struct {
	Indicators []stix.Indicator
	Report     stix.Report
}

// Collection reads what was added to a TAXII 2.1 collection after a time, page by page; "" asks for all of it. It returns the time to
// ask with the next time. On an error since stays as it was: pages that were taken are taken again then.
func (c *Client) Collection(ctx context.Context, f From, since string, take func(Page) error) (until string, err error) {
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	base, err := url.Parse(strings.TrimSuffix(f.URL, "/") + "/objects/")
	if err != nil {
		return since, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	next, until := "", since
	for range maxPages {
		q := url.Values{"limit": {strconv.Itoa(pageSize)}, "match[type]": {"indicator,malware,relationship"}}
		if since != "" {
			q.Set("added_after", since)
		}
		if next != "" {
			q.Set("next", next)
		}
		base.RawQuery = q.Encode()
		p, last, err := c.page(ctx, From{URL: base.String(), Inside: f.Inside, Secret: f.Secret})
		if err != nil {
			return since, err
		}
		if last != "" {
			until = last
		}
		if err := take(p); err != nil {
			return since, err
		}
		if !p.Report.More {
			return until, nil
		}
		if p.Report.Next == "" || p.Report.Next == next {
			return since, errors.New("the TAXII server says that there is more and not how to ask for it")
		}
		next = p.Report.Next
	}
	return since, fmt.Errorf("the collection has more than %d pages", maxPages)
}

func (c *Client) page(ctx context.Context, f From) (p Page, last string, err error) {
	body, head, _, err := c.Get(ctx, f, taxiiAsk, Mark{})
	if err != nil {
		return p, "", err
	}
	defer func() { _ = body.Close() }() // only read
	if kind, version := media(head); kind != taxiiType || version != "" && version != "2.1" {
		return p, "", fmt.Errorf("that is no TAXII 2.1 server: it answers with %q", bound(head.Get("Content-Type"), 60))
	}
	if p.Indicators, p.Report, err = stix.Read(body); err != nil {
		return p, "", err
	}
	if !p.Report.Envelope {
		return p, "", errors.New("the TAXII server answers with a bundle, as of version 2.0")
	}
	if last, err = added(head); err != nil {
		return p, "", err
	}
	return p, last, nil
}

// added is when the last object of a page was added to the collection.
func added(h http.Header) (string, error) {
	s := h.Get("X-TAXII-Date-Added-Last")
	if s == "" {
		return "", nil // an empty page
	}
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
		return "", errors.New("the TAXII server tells a time that is none")
	}
	return s, nil
}

func bound(s string, n int) string { return s[:min(len(s), n)] }
