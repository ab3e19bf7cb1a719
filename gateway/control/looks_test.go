package control

import "testing"

func TestLooksComeAsTheyWereLogged(t *testing.T) {
	_, c, _ := start(t, &fake{})
	list, err := c.Looks(t.Context())
	if err != nil || len(list) != 1 || list[0].Who != "<i>" || !list[0].Refused {
		t.Errorf("%+v %v", list, err)
	}
}
