package privacy

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/cloud/rooms"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// People are told of every field that is kept: each column of each table, and each field of what gateways tell; and of none that is not.
func TestPeopleAreToldOfEveryField(t *testing.T) {
	real := map[string][]string{}
	rooms, err := rooms.Open(t.Context(), rooms.Config{Data: t.TempDir(), DB: "sqlite:" + filepath.Join(t.TempDir(), "kept.db")}, rooms.Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close()
	err = rooms.DB.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '%goose%' AND m.name NOT LIKE '%schema%'")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var table, name string
			if err := rows.Scan(&table, &name); err != nil {
				return err
			}
			real[table] = append(real[table], name)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range ofInstallation {
		if real[table] == nil || slices.Contains(real[table], "home") {
			t.Errorf("%s is not there, or is a home's", table)
		}
		delete(real, table)
	}
	bodies := (&pb.Item{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields()
	for i := range bodies.Len() {
		b := bodies.Get(i)
		real["report:"+string(b.Name())] = namesOf(b.Message().Fields())
	}
	if len(real) < 60 {
		t.Fatalf("only %d are compared", len(real))
	}
	for _, k := range keptList {
		var names []string
		for _, f := range k.fieldsOf() {
			if names = append(names, f.Name); f.What == "" {
				t.Errorf("%s: nothing is said of %s", k.source, f.Name)
			}
		}
		if strings.HasPrefix(k.source, "gateway:") {
			continue
		}
		want, ok := real[k.source]
		slices.Sort(names)
		slices.Sort(want)
		if !ok || !slices.Equal(names, want) {
			t.Errorf("%s: people are told of\n%v, there are\n%v", k.source, names, want)
		}
		delete(real, k.source)
	}
	for source := range real {
		t.Errorf("people are not told of %s", source)
	}
}

// Everything that people are told of what is kept stands in German, too, and nothing stands there of what is gone.
func TestTheInventoryIsInGermanToo(t *testing.T) {
	said := map[string]bool{}
	for _, k := range keptList {
		for _, s := range []string{k.what, k.purpose} {
			said[s] = true
		}
		for _, f := range k.fieldsOf() {
			said[f.What] = true
		}
	}
	for s := range said {
		if inGerman[s] == "" {
			t.Errorf("there is no German for %q", s)
		}
	}
	for s := range inGerman {
		if !said[s] {
			t.Errorf("nothing says %q any more", s)
		}
	}
	if all := (Privacy{}).Inventory("de"); all.Language != "de" || all.Items[0].What != inGerman[keptList[0].what] || all.Items[0].Fields[0].What != "welches Gerät, als Zufallszahl" {
		t.Errorf("%s: %+v", all.Language, all.Items[0])
	}
}

func namesOf(fields protoreflect.FieldDescriptors) (out []string) {
	for i := range fields.Len() {
		out = append(out, string(fields.Get(i).Name()))
	}
	return out
}
