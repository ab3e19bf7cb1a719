package record_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"cardea/home"
	"cardea/lab/record"
)

// secrets are the user's name and the password, as they are and as protocols write them.
var secrets = func() []string {
	out := []string{record.User, record.Secret}
	for _, s := range []string{record.User + ":" + record.Secret, "\x00" + record.User + "\x00" + record.Secret} {
		out = append(out, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	return out
}()

// leaks are the strings below v, of whatever depth, in which a secret stands.
func leaks(v any) (found []string) {
	texts(reflect.ValueOf(v), func(s string) {
		for _, secret := range secrets {
			if strings.Contains(s, secret) {
				found = append(found, s)
				return
			}
		}
	})
	return found
}

// texts calls to with each string and each run of bytes below v.
func texts(v reflect.Value, to func(string)) {
	switch v.Kind() {
	case reflect.String:
		to(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			texts(v.Elem(), to)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				texts(v.Field(i), to)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			to(string(v.Bytes()))
			return
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			texts(v.Index(i), to)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			texts(it.Key(), to)
			texts(it.Value(), to)
		}
	}
}

func TestLeaksAreFoundWhereverTheyAre(t *testing.T) {
	for name, e := range map[string]*home.Event{
		"text":   {Name: &home.Name{Agent: "curl " + record.Secret}},
		"list":   {Announce: &home.Announce{Details: []string{"a=b", "user=" + record.User}}},
		"bytes":  {Lease: &home.Lease{ClientID: []byte(record.User)}},
		"base64": {Served: &home.Served{Details: []string{base64.StdEncoding.EncodeToString([]byte(record.User + ":" + record.Secret))}}},
	} {
		if len(leaks(&home.Observation{Event: e, Device: &home.Device{}})) != 1 {
			t.Errorf("a secret in a %s is not found", name)
		}
	}
	if found := leaks(&home.Observation{Event: &home.Event{Name: &home.Name{Agent: "curl"}}}); len(found) > 0 {
		t.Errorf("found %q, where there is none", found)
	}
}
