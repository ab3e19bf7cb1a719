package wire_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// The vectors were computed with another program from RFC 5869: what is printed on paper today works for ever.
func TestClaimVectors(t *testing.T) {
	for _, v := range []struct{ code, id, key string }{
		{"0000-0000-0000-0000-0000-0000-00", "5dd297896e84994ec09e1a51bdf937e8", "bbe8f6159a4fe5fb92493cbb84836cb21b1190302ce635aff511f17940a35e77"},
		{"0410-60R4-0M2R-A1G7-102G-W50R-KC", "5cb05a0fb8f43b99d760202fc8e43ca9", "156c7bd522bab14c1d781a203e30248e095be8e68c9958f21f4c92acaae34c0c"},
	} {
		id, err := wire.ClaimID(v.code)
		if err != nil || hex.EncodeToString(id) != v.id {
			t.Errorf("%s: id %x, %v", v.code, id, err)
		}
		key, err := wire.ClaimKey(v.code)
		if err != nil || hex.EncodeToString(key) != v.key {
			t.Errorf("%s: key %x, %v", v.code, key, err)
		}
	}
}

func TestAClaimSurvivesBeingReadOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := wire.NewClaim()
		want, err := wire.ClaimID(code)
		if err != nil || len(code) != 32 {
			t.Fatalf("%q: %v", code, err)
		}
		heard := rapid.SampledFrom([]func(string) string{
			strings.ToLower, strings.TrimSpace,
			func(s string) string { return " " + strings.ReplaceAll(s, "-", " ") + "\n" },
			func(s string) string { return strings.ReplaceAll(s, "-", "") },
			func(s string) string { return strings.NewReplacer("0", "O", "1", "l").Replace(s) },
			func(s string) string { return strings.NewReplacer("0", "o", "1", "I").Replace(s) },
		}).Draw(t, "heard")(code)
		if got, err := wire.ClaimID(heard); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q heard as %q: %v", code, heard, err)
		}
		if other, err := wire.ClaimID(wire.NewClaim()); err != nil || bytes.Equal(other, want) {
			t.Fatal("two codes are one")
		}
	})
}

func FuzzClaim(f *testing.F) {
	for _, s := range []string{"", "0410-60R4-0M2R-A1G7-102G-W50R-KC", "U", strings.Repeat("0", 26), strings.Repeat("Z", 26), strings.Repeat("é", 13)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := wire.ClaimID(s)
		if (err == nil) != (len(id) == 16) {
			t.Fatal(id, err)
		}
	})
}

func TestEnrolmentIsAuthenticatedBothWays(t *testing.T) {
	code, other := wire.NewClaim(), wire.NewClaim()
	key, err := wire.ClaimKey(code)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := wire.ClaimKey(other)
	if err != nil {
		t.Fatal(err)
	}
	ask := &pb.Enrolment{Protocol: wire.Protocol, Csr: []byte("request")}
	wire.SignEnrolment(ask, key)
	if !wire.CheckEnrolment(ask, key) || wire.CheckEnrolment(ask, wrong) {
		t.Error("enrolment: the key does not decide")
	}
	ask.Csr = []byte("another")
	if wire.CheckEnrolment(ask, key) || wire.CheckEnrolment(&pb.Enrolment{}, key) {
		t.Error("enrolment: the request is not covered")
	}
	answer := &pb.Enrolled{Tenant: "t", Home: "h", Gateway: "g", Roots: []byte("roots"), Servers: []string{"a", "b"}}
	if err := wire.SignEnrolled(answer, key); err != nil {
		t.Fatal(err)
	}
	if !wire.CheckEnrolled(answer, key) || wire.CheckEnrolled(answer, wrong) || wire.CheckEnrolled(&pb.Enrolled{}, key) {
		t.Error("answer: the key does not decide")
	}
	if wire.PlaceOf(answer) != (home.Place{Tenant: "t", Home: "h", Gateway: "g"}) {
		t.Error("place", wire.PlaceOf(answer))
	}
	for name, change := range map[string]func(*pb.Enrolled){
		"roots":   func(m *pb.Enrolled) { m.Roots = []byte("others") },
		"servers": func(m *pb.Enrolled) { m.Servers = m.Servers[:1] },
		"tenant":  func(m *pb.Enrolled) { m.Tenant = "x" },
		"unknown": func(m *pb.Enrolled) {
			m.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "x"))
		},
	} {
		m := proto.CloneOf(answer)
		if change(m); wire.CheckEnrolled(m, key) {
			t.Errorf("answer: %s is not covered", name)
		}
	}
}

// A newer cloud signs fields that this code does not know; they come through the check and the code is none the worse.
func TestAnAnswerOfANewerCloudIsAccepted(t *testing.T) {
	key, err := wire.ClaimKey(wire.NewClaim())
	if err != nil {
		t.Fatal(err)
	}
	newer := &pb.Enrolled{Tenant: "t", Servers: []string{"a"}, State: "active"}
	newer.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 200, protowire.VarintType), 7))
	if err := wire.SignEnrolled(newer, key); err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(newer)
	if err != nil {
		t.Fatal(err)
	}
	var got pb.Enrolled
	if err := proto.Unmarshal(data, &got); err != nil || !wire.CheckEnrolled(&got, key) {
		t.Fatal("not accepted", err)
	}
}
