package view

// NewPlan is a plan of a provider's.
type NewPlan struct {
	Name     string   `json:"name" minLength:"1" maxLength:"100" example:"Family"`
	Extras   []string `json:"extras" maxItems:"8" doc:"people, content, reports, support. Protection, containment, cleaning, being told and one's own data are in every plan" example:"[\"people\",\"reports\"]"`
	Standard bool     `json:"standard,omitempty" doc:"Homes that were given no plan have it. One plan is; the first one, until another is"`
}

// Plan is one of a provider's.
type Plan struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Extras   []string `json:"extras"`
	Always   []string `json:"always" doc:"What every plan has"`
	Standard bool     `json:"standard"`
}

// HomePlan is what holds for a home.
type HomePlan struct {
	Name   string   `json:"name" doc:"Empty where the provider made no plans"`
	Extras []string `json:"extras" doc:"people, content, reports, support: those that the home has"`
}

// NewBrand is how a provider shows itself to its customers. All of it is shown as text.
type NewBrand struct {
	Name    string `json:"name" maxLength:"60" doc:"As customers know it; empty for the name that it has here" example:"Example Net"`
	Accent  string `json:"accent" maxLength:"7" doc:"#rrggbb, or empty" example:"#0b57d0"`
	Phone   string `json:"phone" maxLength:"30" example:"+49 30 123456"`
	Support string `json:"support" maxLength:"200" doc:"https address of a page, or empty" example:"https://help.example.net/"`
	HintEN  string `json:"hint_en" maxLength:"200" doc:"One sentence of your own, in English"`
	HintDE  string `json:"hint_de" maxLength:"200" doc:"The same in German"`
}

// Brand is that, and what follows from it.
type Brand struct {
	NewBrand
	Ink   string `json:"ink" doc:"Black or white: what can be read on the accent, at 4.5 to 1 or more"`
	Light Shade  `json:"light" doc:"On light pages: the accent, made darker where it could not be read"`
	Dark  Shade  `json:"dark" doc:"On dark pages: the accent, made lighter where it could not be read"`
}

// Shade is a provider's colour as it can be read on pages of one kind, at 4.5 to 1 or more.
type Shade struct {
	Accent string `json:"accent" doc:"Of text and buttons, as #rrggbb"`
	On     string `json:"on" doc:"Of text on the accent: black or white"`
	Tint   string `json:"tint" doc:"Behind text in the accent"`
}

// Shown is a provider as whoever is not signed in sees it. All of it is shown as text.
type Shown struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Support string `json:"support" doc:"https address of its support page, or empty"`
	HintEN  string `json:"hint_en"`
	HintDE  string `json:"hint_de"`
	Light   Shade  `json:"light"`
	Dark    Shade  `json:"dark"`
}
