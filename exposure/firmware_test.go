package exposure

import (
	"testing"
	"time"
)

// A device that tells another version than before was updated; the version before is known over a restart, too.
func TestFirmwareThatChanged(t *testing.T) {
	at := func(h int) uint32 { return uint32(time.Date(2026, 5, 1, h, 0, 0, 0, time.UTC).Unix()) }
	b := New(Config{})
	d := b.of("camera", at(1))
	d.tell(textFirmware, "5.4.1 build 170123", at(1))
	now := clock(at(3))
	if is, was, _ := b.Firmware("camera", now); is != "5.4.1 build 170123" || was != "" {
		t.Errorf("it tells %q, before %q", is, was)
	}
	d.tell(textFirmware, "5.4.1 build 170123", at(2))
	d.tell(textFirmware, "5.5.0 build 210702", at(3))
	again := New(Config{})
	if err := again.Restore(b.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*Book{b, again} {
		if is, was, since := b.Firmware("camera", now); is != "5.5.0 build 210702" || was != "5.4.1 build 170123" || !since.Equal(clock(at(3))) {
			t.Errorf("it tells %q since %s, before %q", is, since, was)
		}
	}
	if is, _, _ := b.Firmware("lamp", now); is != "" {
		t.Errorf("who never told anything runs %q", is)
	}
	if is, _, _ := b.Firmware("camera", now.AddDate(1, 0, 0)); is != "" {
		t.Errorf("a year later it is still %q", is)
	}
}
