package judge

import (
	"net/netip"
	"slices"

	"cardea/home"
	"cardea/say"
)

// Breaks: what a block would cost, as far as it can be known: which service would not be reached, and how much its model and the
// device itself use it. From how many days or homes on it is told.
const (
	breaksDays   = 3  // of the device's own, that make a habit
	breaksWatch  = 7  // days that must have been watched to say that it never used something
	breaksExact  = 20 // homes; fewer are told as 19, and are no share
	breaksOthers = 2  // one in so many of the homes is most
)

// breaks says in one or two sentences what would stop working if what the card names were blocked; none where that is not known.
func (j *Judge) breaks(c *home.Card) home.Words {
	switch {
	case len(c.Blocks) == 0:
		return home.Words{}
	case slices.Contains(c.Blocks, "*"):
		return say.New("The whole device: nothing that it does over the network would work.")
	}
	return say.Sentences(j.breaksService(c.Blocks), breaksUse(c))
}

// breaksService names the first well-known service among what would be blocked.
func (j *Judge) breaksService(blocks []string) home.Words {
	if j.services == nil {
		return home.Words{}
	}
	for _, b := range blocks {
		e := home.Endpoint{Name: b}
		if a, err := netip.ParseAddr(b); err == nil {
			e = home.Endpoint{IP: a}
		}
		if s, ok := j.services.Service(&e); ok && s.Name != "" {
			if s.Purpose == "" {
				return say.New("It would no longer reach {0}.", say.Text(s.Name))
			}
			return say.New("It would no longer reach {0} ({1}).", say.Text(s.Name), say.Known(s.Purpose))
		}
	}
	return home.Words{}
}

// breaksUse tells from homes with its model and from the device's own days. "Nothing" is said only where both are known.
func breaksUse(c *home.Card) home.Words {
	modelKnown := c.Homes != nil && c.Of > 0
	switch {
	case modelKnown && *c.Homes >= breaksExact && *c.Homes*breaksOthers >= c.Of:
		return say.New("Most homes with this model use it, so part of what it does would stop.")
	case c.History.Before >= breaksDays:
		return say.New("It was used on {0} days before, and whatever that was for would stop.", say.Count(c.History.Before))
	case modelKnown && *c.Homes > 0:
		return say.New("Some homes with this model use it, so a feature may stop.")
	case modelKnown && c.History.Before == 0:
		return say.New("Nothing that this model usually does.")
	case c.History.Before == 0 && c.History.Days >= breaksWatch:
		return say.New("Nothing that this device did before.")
	}
	return home.Words{}
}
