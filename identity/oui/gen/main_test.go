package main

import (
	"strings"
	"testing"
)

func TestTidy(t *testing.T) {
	for name, want := range map[string]string{
		"Belkin International Inc.": "Belkin", "\t\tApple, Inc.": "Apple", "HUAWEI TECHNOLOGIES CO.,LTD": "Huawei", "zte corporation": "ZTE",
		"Texas Instruments": "Texas Instruments", "Shenzhen Technology Co., Ltd": "Shenzhen Technology", "Murata Manufacturing Co., Ltd.": "Murata",
		"Private": "", "IEEE Registration Authority": "", "Zteam GmbH": "Zteam", "ACME": "ACME", "SHOUTING WORDS S.r.l.": "Shouting Words",
		"DEUTA-WERKE GmbH": "DEUTA-WERKE", "Robert Bosch GmbH & Co. KG": "Robert Bosch", "": "",
	} {
		if got := tidy(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	text := "OUI\n\n00-22-72   (hex)\t\tAcme\n002272     (base 16)\t\tAcme\n\t\t\tStreet\n\n20-85-93 (hex)\tB Ltd\nB00000-BFFFFF     (base 16)\tB Ltd\n70-B3-D5 (hex) C\nF2F000-F2FFFF (base 16) C\n"
	got, err := parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []assignment{{0x002272, 0, 0, "Acme"}, {0x208593, 4, 0xb, "B"}, {0x70b3d5, 12, 0xf2f, "C"}}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, bad := range []string{"", "002272 (base 16) X\n", "00-22-72 (hex) X\n1-2 (base 16) X\n", "zz (hex) X\n"} {
		if _, err := parse(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
