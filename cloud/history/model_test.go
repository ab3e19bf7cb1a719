package history

import (
	"context"
	"fmt"
	"testing"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

func TestDevicesAreFoundByTheirModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		w.tell(t, homeA, devices(true, &pb.Device{Id: "b", Model: "Example Cam", IdentifiedBy: "rules"}, &pb.Device{Id: "a", Model: "EXAMPLE cam", IdentifiedBy: "operator"}, &pb.Device{Id: "c", Model: "Example Cam 2"},
			&pb.Device{Id: "d", Model: "Example Cam", IdentifiedBy: "owner"}, &pb.Device{Id: "e", Model: "Example Cam", Guest: true}, &pb.Device{Id: "f", Model: "Example Cam", Class: "computer"},
			&pb.Device{Id: "g", Model: "Example Cam", Gateway: true}))
		w.tell(t, homeB, devices(true, &pb.Device{Id: "a", Model: "Other"}))
		w.tell(t, homeC, devices(true, &pb.Device{Id: "a", Model: "Example Cam"}))
		list := []home.Place{homeA.OfHome(), homeB.OfHome()}
		for n := range 2 * modelsAtOnce { // more than one statement reads, and most of them tell nothing
			list = append(list, home.Place{Tenant: homeA.Tenant, Home: fmt.Sprintf("0197a000-0000-7000-8000-%012d", n)})
		}
		got, told, err := w.OfModel(ctx, list, "example CAM")
		if err != nil || fmt.Sprint(got[homeA.OfHome()]) != "[a b]" || len(got) != 1 || len(told) != 2 || !told[homeA.OfHome()] || !told[homeB.OfHome()] {
			t.Errorf("%v, told %v, %v", got, told, err)
		}
		if got, told, err := w.OfModel(ctx, nil, "x"); err != nil || len(got) != 0 || len(told) != 0 {
			t.Errorf("of no homes: %v %v %v", got, told, err)
		}
	})
}
