package main_test

import (
	"regexp"
	"strings"
	"testing"
)

func TestAdminLabel(t *testing.T) {
	data := t.TempDir()
	admin(t, data, "", "tenant", "create", "north", "North Net")
	home := adminJSON[struct{ ID string }](t, data, "", "home", "create", "--tenant", "north", "A-17")
	args := []string{"home", "label", home.ID, "--tenant", "north", "--public", "https://home.example.net/"}
	one := adminJSON[struct{ ID, Code, URI string }](t, data, "", args...)
	if !regexp.MustCompile(`^([0-9A-Z]{4}-){9}[0-9A-Z]{4}$`).MatchString(one.Code) || one.URI != "https://home.example.net/start#"+one.Code || strings.ReplaceAll(one.Code, "-", "")[:8] != one.ID {
		t.Errorf("%+v", one)
	}
	if out := admin(t, data, "", append(args, "--revoke")...); !strings.Contains(out, "https://home.example.net/start#") || strings.Contains(out, one.Code) {
		t.Errorf("%s", out)
	}
	if _, errs, status := tryAdmin(t, data, "", append(args, "--gateway", home.ID)...); status == 0 || !strings.Contains(errs, "no such thing") {
		t.Errorf("a label of a gateway that is not there: %d %s", status, errs)
	}
}
