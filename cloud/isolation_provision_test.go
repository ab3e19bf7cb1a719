package cloud_test

import (
	"maps"
	"strings"
)

func init() {
	maps.Copy(bodies, map[string]string{
		"PUT /v1/staff/provisioning/homes/{account}": `{"name":"{caller} home"}`, "POST /v1/staff/provisioning/homes/{account}/gateway": `{}`,
		"PUT /v1/staff/plans/{plan}": `{"name":"{caller} plan","extras":["people","reports"]}`,
		"PUT /v1/staff/brand":        `{"name":"{caller}","accent":"","phone":"","support":"","hint_en":"{caller}","hint_de":""}`,
	})
	places = append(places, "{account}", "{plan}")
}

// isProvisioning: a home is made, and taken away, by the number that its own provider gives it. What a number answers differs by what was asked
// with it before, never by another provider's home: that nothing of it is told or changed is looked at all the same.
func (o operation) isProvisioning() bool { return strings.Contains(o.path, "/provisioning/") }
