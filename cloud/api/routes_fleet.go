package api

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"

	"github.com/danielgtaylor/huma/v2"
)

type homesIn struct {
	PageIn
	Text     string `query:"q" maxLength:"100" doc:"How a home's name or account begins, its plan, or its gateway's number"`
	State    string `query:"state" enum:"fine,attention,working,offline,new"`
	Version  string `query:"version" maxLength:"64"`
	Platform string `query:"platform" maxLength:"64"`
	Troubled bool   `query:"troubled" doc:"With open incidents only"`
	Sort     string `query:"sort" enum:"home,state,version,platform,contact,devices,incidents" default:"home"`
	Down     bool   `query:"down" doc:"The largest first"`
}

func (in *homesIn) query() HomesQuery {
	return HomesQuery{Text: strings.TrimSpace(in.Text), State: in.State, Version: in.Version, Platform: in.Platform, Troubled: in.Troubled, Sort: in.Sort, Down: in.Down}
}

// CaseFilter is what incidents are filtered by.
type CaseFilter struct {
	State     string    `query:"state" enum:"open,contained,cleaning,probation,closed,all" default:"all"`
	Detector  string    `query:"detector" maxLength:"64"`
	Model     string    `query:"model" maxLength:"64"`
	Indicator string    `query:"indicator" maxLength:"256"`
	Since     time.Time `query:"since" doc:"Opened since"`
	Before    time.Time `query:"before" doc:"Opened before"`
	Repeated  bool      `query:"repeated" doc:"That came back or were let out only"`
}

type casesIn struct {
	PageIn
	CaseFilter
	Sort string `query:"sort" enum:"changed,opened,repeats" default:"changed"`
	Up   bool   `query:"up" doc:"The smallest first"`
}

func (in *CaseFilter) query() CasesQuery {
	return CasesQuery{State: in.State, Detector: in.Detector, Model: in.Model, Indicator: in.Indicator, Since: in.Since, Before: in.Before, Repeated: in.Repeated}
}

type groupsIn struct {
	PageIn
	By   string `query:"by" enum:"all,detector,model,indicator" default:"all" doc:"What cases of a group have in common"`
	Days int    `query:"days" minimum:"1" maximum:"90" default:"30"`
	Text string `query:"q" maxLength:"60" doc:"What is in the detector, the model or what they contacted"`
}

func (in *groupsIn) query() GroupsQuery {
	return GroupsQuery{By: strings.TrimPrefix(in.By, "all"), Text: strings.TrimSpace(in.Text), Days: in.Days}
}

type trendsIn struct {
	Days int `query:"days" minimum:"7" maximum:"365" default:"60"`
}

type findIn struct {
	Text string    `query:"q" required:"true" minLength:"2" maxLength:"100" doc:"An account, a gateway's number, a MAC address, an address, a device's name or an incident's code"`
	At   time.Time `query:"at" doc:"When an address was used; now when it is not given"`
}

// consoles are staff's tables. Each is also there as a file.
func (s *Server) consoles() {
	p := s.parts
	show(s, "GET /v1/staff/tables/homes", "Homes, sorted and filtered", func(ctx context.Context, in *homesIn) (view.List[view.ConsoleHome], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.ConsoleHome]{}, err
		}
		return listOf(s.homesOf(ctx, in, page))
	})
	show(s, "GET /v1/staff/tables/incidents", "Incidents, sorted and filtered", func(ctx context.Context, in *casesIn) (view.List[view.ConsoleCase], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.ConsoleCase]{}, err
		}
		return listOf(s.casesOf(ctx, in, page))
	})
	show(s, "GET /v1/staff/tables/detections", "Incidents that are alike, put together", func(ctx context.Context, in *groupsIn) (view.List[view.DetectionGroup], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.DetectionGroup]{}, err
		}
		return listOf(p.Console.Groups(ctx, who(ctx).Tenant, in.query(), page))
	})
	show(s, "GET /v1/staff/tables/reach", "Whom something about open incidents would touch", func(ctx context.Context, in *CaseFilter) (view.Reach, error) {
		if err := s.mayTrace(ctx, in.Indicator); err != nil {
			return view.Reach{}, err
		}
		return p.Console.Reach(ctx, who(ctx).Tenant, in.query())
	})
	show(s, "GET /v1/staff/tables/trends", "The fleet and what it was like before", func(ctx context.Context, in *trendsIn) (view.Trends, error) {
		return p.Console.Trends(ctx, who(ctx).Tenant, in.Days)
	})
	show(s, "GET /v1/staff/brokers", "How the message brokers do, and what waits in them", func(ctx context.Context, _ *none) (view.Brokers, error) {
		return p.Brokers.Brokers(ctx, who(ctx).Tenant)
	})
	show(s, "GET /v1/staff/tables/find", "Homes by what people have of them", func(ctx context.Context, in *findIn) (view.Searched, error) {
		found, err := p.Console.Find(ctx, who(ctx).Tenant, in.Text, in.At, !nameless(ctx))
		for i := range found.Items {
			f := &found.Items[i]
			if f.Home.Name = s.called(ctx, f.Home.ID, f.Home.Name); nameless(ctx) {
				f.Account = ""
			}
		}
		return found, err
	})
	s.files()
	s.caring()
}

var errByName = problem.New(problem.Right, "Your role does not look for homes by name or account.")

func (s *Server) homesOf(ctx context.Context, in *homesIn, page Page) (Slice[view.ConsoleHome], error) {
	if nameless(ctx) && in.Text != "" {
		return Slice[view.ConsoleHome]{}, errByName
	}
	l, err := s.parts.Console.Homes(ctx, who(ctx).Tenant, in.query(), page)
	for i := range l.Items {
		if h := &l.Items[i]; nameless(ctx) {
			h.Name, h.Account = s.called(ctx, h.ID, h.Name), ""
		}
	}
	return l, err
}

// tracedHomes is how many homes must have called something for everybody who sees the fleet to ask which cases are about it.
const tracedHomes = 5

// mayTrace fails where asking for an indicator would tell of few homes what they called: that are names, which not every role sees.
func (s *Server) mayTrace(ctx context.Context, indicator string) error {
	if by := who(ctx); indicator == "" || by.has(rights.HomeNames, rights.Case) && by.May(rights.HomeNames).Any() {
		return nil
	}
	r, err := s.parts.Console.Reach(ctx, who(ctx).Tenant, CasesQuery{State: "all", Indicator: indicator})
	if err == nil && r.Homes < tracedHomes {
		err = problem.New(problem.Right, "Your role sees what homes called only where at least %d did.", tracedHomes)
	}
	return err
}

func (s *Server) casesOf(ctx context.Context, in *casesIn, page Page) (Slice[view.ConsoleCase], error) {
	if err := s.mayTrace(ctx, in.Indicator); err != nil {
		return Slice[view.ConsoleCase]{}, err
	}
	q := in.query()
	q.Sort, q.Down = in.Sort, !in.Up
	l, err := s.parts.Console.Cases(ctx, who(ctx).Tenant, q, page)
	for i := range l.Items {
		l.Items[i].Home.Name = s.called(ctx, l.Items[i].Home.ID, l.Items[i].Home.Name)
	}
	return l, err
}

// maxFile is how many rows a file has at most.
const maxFile = 100_000

// files are the tables as CSV, with the filters that they are looked at with.
func (s *Server) files() {
	table(s, "GET /v1/staff/tables/homes.csv", "Homes as a file", func(ctx context.Context, in *homesIn) (*csvFile, error) {
		return &csvFile{name: "homes", head: []string{"home", "name", "account", "plan", "state", "last_contact", "version", "platform", "devices", "incidents", "contained"},
			next: func(page Page) ([][]string, string, error) {
				l, err := s.homesOf(ctx, in, page)
				var rows [][]string
				for _, h := range l.Items {
					rows = append(rows, []string{h.ID, h.Name, h.Account, h.Plan, h.State, stamp(h.LastContact), h.Version, h.Platform, strconv.Itoa(h.Devices), strconv.Itoa(h.Incidents), strconv.Itoa(h.Contained)})
				}
				return rows, l.Next, err
			}}, nil
	})
	table(s, "GET /v1/staff/tables/incidents.csv", "Incidents as a file", func(ctx context.Context, in *casesIn) (*csvFile, error) {
		return &csvFile{name: "incidents", head: []string{"incident", "code", "home", "home_name", "state", "mode", "opened", "changed", "detector", "kind", "outcome", "findings", "repeats", "notices"},
			next: func(page Page) ([][]string, string, error) {
				l, err := s.casesOf(ctx, in, page)
				var rows [][]string
				for _, c := range l.Items {
					rows = append(rows, []string{c.ID, c.Code, c.Home.ID, c.Home.Name, c.State, c.Mode, stamp(&c.Opened), stamp(&c.Changed), c.Detector, c.Kind, c.Outcome,
						strconv.Itoa(c.Findings), strconv.Itoa(c.Repeats), strconv.Itoa(c.Notices)})
				}
				return rows, l.Next, err
			}}, nil
	})
	table(s, "GET /v1/staff/tables/detections.csv", "Detections as a file", func(ctx context.Context, in *groupsIn) (*csvFile, error) {
		return &csvFile{name: "detections", head: []string{"detector", "model", "indicator", "kind", "homes", "cases", "open", "wrong", "findings", "first", "last"},
			next: func(page Page) ([][]string, string, error) {
				l, err := s.parts.Console.Groups(ctx, who(ctx).Tenant, in.query(), page)
				var rows [][]string
				for _, g := range l.Items {
					rows = append(rows, []string{g.Detector, g.Model, g.Indicator, g.Kind, strconv.Itoa(g.Homes), strconv.Itoa(g.Cases), strconv.Itoa(g.Open), strconv.Itoa(g.Wrong),
						strconv.Itoa(g.Findings), stamp(&g.First), stamp(&g.Last)})
				}
				return rows, l.Next, err
			}}, nil
	})
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// csvFile is a table that is read page by page while it is sent.
type csvFile struct {
	name string
	head []string
	next func(Page) (rows [][]string, next string, err error)
}

// table registers a route that answers with a file. An error on the first page is a problem; one later cuts the file off.
func table[I any](s *Server, route, summary string, f func(context.Context, *I) (*csvFile, error)) {
	op := operation(route, summary)
	op.OperationID = strings.ReplaceAll(op.OperationID, ".", "-")
	op.Responses = map[string]*huma.Response{"200": {Description: "A table", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		file, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		rows, next, err := file.next(Page{Limit: filePage})
		if err != nil {
			return nil, s.told(ctx, route, err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader("Content-Type", "text/csv; charset=utf-8")
			c.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "cardea-"+file.name+".csv"))
			c.SetStatus(http.StatusOK)
			w := csv.NewWriter(c.BodyWriter())
			_ = w.Write(file.head) // who asked may have gone: w.Error tells below
			for n := 0; ; {
				for _, row := range rows {
					_ = w.Write(harmless(row))
				}
				if n += len(rows); next == "" || n >= maxFile {
					break
				}
				if w.Flush(); w.Error() != nil {
					return
				}
				if rows, next, err = file.next(Page{After: next, Limit: filePage}); err != nil {
					s.log.Error("a table breaks off", "route", route, "err", err)
					panic(http.ErrAbortHandler)
				}
			}
			w.Flush()
		}}, nil
	})
}

const filePage = 200

// harmless keeps spreadsheets from taking what a home says for a formula.
func harmless(row []string) []string {
	for i, cell := range row {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			row[i] = "'" + cell
		}
	}
	return row
}

type noteIn struct {
	HomeIn
	Body view.NewNote
}

// caring is what support sees of a home beside the home, and what they write down about it.
func (s *Server) caring() {
	p := s.parts
	show(s, "GET /v1/staff/homes/{home}/care", "What support needs of a home: health, freshness, consent, notes and what happened", func(ctx context.Context, _ *HomeIn) (view.Care, error) {
		return p.Caring.Care(ctx, where(ctx))
	})
	do(s, "POST /v1/staff/homes/{home}/notes", "Write down something about a home; it stays", func(ctx context.Context, in *noteIn) (*none, error) {
		return nil, p.Audit.Record(ctx, who(ctx), where(ctx), "note", oneLine(in.Body.Text), reason(ctx))
	}, status(http.StatusNoContent))
}

// oneLine is a text without line breaks and other control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}
