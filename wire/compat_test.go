package wire_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// everything sets each field of a message, with values that tell fields apart; of a oneof the body-th.
func everything(m protoreflect.Message, body, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() && o.Fields().Get(body%o.Fields().Len()) != f {
			continue
		}
		if f.Message() != nil && depth == 0 {
			continue
		}
		if f.IsList() {
			l := m.Mutable(f).List()
			for range 2 {
				if f.Message() != nil {
					v := l.NewElement()
					everything(v.Message(), body, depth-1)
					l.Append(v)
				} else {
					l.Append(value(f))
				}
			}
		} else if f.Message() != nil {
			everything(m.Mutable(f).Message(), body, depth-1)
		} else {
			m.Set(f, value(f))
		}
	}
}

func value(f protoreflect.FieldDescriptor) protoreflect.Value {
	n := int64(f.Number())
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("text of " + string(f.Name()))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(f.Name()))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(-int32(n))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n) + 0.5)
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(n) + 0.25)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1_800_000_000_000 + n)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(1000 + uint32(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(1<<40 + uint64(n))
	default:
		panic("a kind that the test does not know: " + f.Kind().String())
	}
}

// bodies is how many bodies an item may have.
var bodies = (&pb.Item{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields().Len()

// top are the messages that travel by themselves. Golden bytes of them were written with each protocol and are never written
// again: CARDEA_GOLDEN=1 only adds what is missing of this code's protocol.
var top = []proto.Message{
	&pb.Report{}, &pb.Heartbeat{}, &pb.Desired{}, &pb.DesiredRequest{}, &pb.Command{}, &pb.Answer{}, &pb.RenewRequest{},
	&pb.RenewReply{}, &pb.BundleRequest{}, &pb.BundleReply{}, &pb.Enrolment{}, &pb.Enrolled{}, &pb.RollUp{}, &pb.Consent{},
}

func TestMessagesOfEveryProtocolAreUnderstoodForEver(t *testing.T) {
	if os.Getenv("CARDEA_GOLDEN") != "" {
		writeGolden(t, fmt.Sprintf("testdata/%d", wire.Protocol))
	}
	for _, c := range wire.History {
		t.Run(fmt.Sprint(c.Protocol), func(t *testing.T) { understood(t, fmt.Sprintf("testdata/%d", c.Protocol)) })
	}
}

func understood(t *testing.T, dir string) {
	files, err := filepath.Glob(dir + "/*.bin")
	if err != nil || len(files) < len(top) {
		t.Fatalf("%d golden messages, %v", len(files), err)
	}
	kinds := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(file, ".bin") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		kinds[name] = true
		i := slices.IndexFunc(top, func(m proto.Message) bool { return string(m.ProtoReflect().Descriptor().Name()) == name })
		if i < 0 {
			t.Fatalf("%s: there is no such message any more", name)
		}
		got, want := top[i].ProtoReflect().New().Interface(), top[i].ProtoReflect().New().Interface()
		if err := proto.Unmarshal(data, got); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if err := prototext.Unmarshal(text, want); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if !proto.Equal(got, want) {
			t.Errorf("%s means something else now", file)
		}
	}
	if len(kinds) != len(top) {
		t.Errorf("%d kinds of messages have golden bytes, want %d", len(kinds), len(top))
	}
}

func writeGolden(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, m := range top {
		for body := range bodies {
			full := m.ProtoReflect().New()
			everything(full, body, 4)
			data, err := proto.MarshalOptions{Deterministic: true}.Marshal(full.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if body > 0 {
				first := m.ProtoReflect().New()
				everything(first, 0, 4)
				if proto.Equal(first.Interface(), full.Interface()) {
					break // it has no oneof
				}
			}
			base := filepath.Join(dir, string(full.Descriptor().Name())+"."+strconv.Itoa(body))
			if _, err := os.Stat(base + ".bin"); err == nil {
				continue
			}
			text, err := prototext.MarshalOptions{Multiline: true}.Marshal(full.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(base+".bin", data, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(base+".txt", text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A newer peer sends fields and bodies that this code does not know. They are kept and harm nothing.
func TestWhatANewerPeerAddsIsCarriedAlong(t *testing.T) {
	unknown := protowire.AppendString(protowire.AppendTag(nil, 500, protowire.BytesType), "from the future")
	for _, m := range top {
		full := m.ProtoReflect().New()
		everything(full, 0, 4)
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		got := m.ProtoReflect().New()
		if err := proto.Unmarshal(append(slices.Clone(data), unknown...), got.Interface()); err != nil {
			t.Fatalf("%s: %v", full.Descriptor().Name(), err)
		}
		if string(got.GetUnknown()) != string(unknown) {
			t.Errorf("%s forgets what it does not know", full.Descriptor().Name())
		}
		got.SetUnknown(nil)
		if !proto.Equal(got.Interface(), full.Interface()) {
			t.Errorf("%s: what is known changed", full.Descriptor().Name())
		}
	}
}

func TestABodyOfANewerPeerIsUnknownAndNoError(t *testing.T) {
	newer := protowire.AppendBytes(protowire.AppendTag(nil, 99, protowire.BytesType), []byte{8, 1})
	for _, m := range []proto.Message{&pb.Item{}, &pb.Command{}, &pb.Question{}} {
		if err := proto.Unmarshal(newer, m); err != nil {
			t.Fatal(err)
		}
		oneofs := m.ProtoReflect().Descriptor().Oneofs()
		if f := m.ProtoReflect().WhichOneof(oneofs.Get(oneofs.Len() - 1)); f != nil {
			t.Errorf("a body out of nothing: %s", f.Name())
		}
		if len(m.ProtoReflect().GetUnknown()) == 0 {
			t.Errorf("%T: nothing tells that there was a body", m)
		}
	}
	report := &pb.Report{Items: []*pb.Item{{Sequence: 1}, {Sequence: 2, Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 3}}}}}
	report.Items[0].ProtoReflect().SetUnknown(newer)
	data, err := proto.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var got pb.Report
	if err := proto.Unmarshal(data, &got); err != nil || len(got.GetItems()) != 2 || got.GetItems()[1].GetStopped().GetTrackers() != 3 {
		t.Fatalf("%v, %v", &got, err)
	}
}

// An older peer leaves out what it does not know: that is zero, for every message, and never an error.
func TestAnEmptyMessageIsUnderstood(t *testing.T) {
	for _, m := range top {
		if err := proto.Unmarshal(nil, m.ProtoReflect().New().Interface()); err != nil {
			t.Error(err)
		}
	}
}

// Each protocol's image was made by buf; each name, number and type in it is there still.
func TestNothingOfAnyProtocolWasTakenAway(t *testing.T) {
	for _, c := range wire.History {
		t.Run(fmt.Sprint(c.Protocol), func(t *testing.T) { kept(t, fmt.Sprintf("testdata/cardea-%d.binpb", c.Protocol)) })
	}
}

func kept(t *testing.T, image string) {
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	var files descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &files); err != nil {
		t.Fatal(err)
	}
	now, n := pb.File_cardea_v1_agent_proto.Messages(), 0
	for _, file := range files.GetFile() {
		for _, was := range file.GetMessageType() {
			is := now.ByName(protoreflect.Name(was.GetName()))
			if is == nil {
				t.Errorf("message %s is gone", was.GetName())
				continue
			}
			for _, f := range was.GetField() {
				n++
				g := is.Fields().ByNumber(protoreflect.FieldNumber(f.GetNumber()))
				switch {
				case g == nil:
					t.Errorf("%s.%s: number %d is gone", was.GetName(), f.GetName(), f.GetNumber())
				case string(g.Name()) != f.GetName() || int32(g.Kind()) != int32(f.GetType()) || int32(g.Cardinality()) != int32(f.GetLabel()):
					t.Errorf("%s.%s: number %d is %s %s now", was.GetName(), f.GetName(), f.GetNumber(), g.Kind(), g.Name())
				case f.OneofIndex != nil && (g.ContainingOneof() == nil || string(g.ContainingOneof().Name()) != was.GetOneofDecl()[f.GetOneofIndex()].GetName()):
					t.Errorf("%s.%s: left its oneof", was.GetName(), f.GetName())
				}
			}
		}
	}
	if n < 200 {
		t.Fatalf("compared %d fields only", n)
	}
}

func TestTheHistoryIsOfThisProtocol(t *testing.T) {
	if wire.History[0].Protocol != wire.Protocol || wire.Oldest > wire.Protocol {
		t.Error("the newest entry is not this protocol's")
	}
	for i, c := range wire.History {
		if c.What == "" || i > 0 && c.Protocol >= wire.History[i-1].Protocol {
			t.Errorf("entry %d: the newest comes first, each says what changed", i)
		}
	}
	if last := wire.History[len(wire.History)-1]; last.Protocol != 20261122 {
		t.Error("the first protocol is missing")
	}
}

// A report of as many and as large items as the spool sends fits in what the other side reads.
func TestBoundsFitTogether(t *testing.T) {
	if wire.MaxReport > 512<<10-4096 || wire.MaxAnswer > 512<<10-4096 || wire.MaxDesired > 512<<10-4096 || wire.MaxChunk > wire.MaxAnswer {
		t.Error("a message is larger than what the bus carries")
	}
	items := make([]*pb.Item, wire.MaxItems)
	for i := range items {
		items[i] = &pb.Item{Sequence: 1 << 40, Time: 1 << 41, Body: &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: here.Home, Why: strings.Repeat("w", 200)}}}
	}
	if n := proto.Size(&pb.Report{Items: items}); n > wire.MaxReport {
		t.Errorf("%d small items are %d bytes", len(items), n)
	}
}

func FuzzReport(f *testing.F) {
	for body := range bodies {
		full := (&pb.Report{}).ProtoReflect().New()
		everything(full, body, 4)
		data, err := proto.Marshal(full.Interface())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"stream":"REPORTS","seq":1}`)) // an acknowledgement that was sent to a report's subject
	f.Fuzz(func(t *testing.T, data []byte) {
		var m pb.Report
		if proto.Unmarshal(data, &m) != nil {
			return
		}
		again, err := proto.Marshal(&m)
		if err != nil {
			t.Fatal(err)
		}
		var n pb.Report
		if err := proto.Unmarshal(again, &n); err != nil {
			t.Fatal(err)
		}
	})
}
