package rfc6561_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// point is one thing that RFC 6561 asks for.
type point struct {
	n     int
	wants string
	shown []string // folder and name of each test that shows it
}

var points = []point{
	{1, "Several data points are combined, few findings are false, and the kind of malware is named.", []string{
		"behavior/calibrate.TestCombine", "behavior/calibrate.TestBudget", "behavior/usual.TestSeveralKindsTogether", "behavior.TestNoScan", "behavior.TestNoBeacon",
		"gateway/respond.TestGrouping", "playbook.TestKind", "lab/whole.TestNormalStreet",
	}},
	{2, "Privacy is kept while detecting, no legitimate traffic is blocked by it, and nobody is scanned.", []string{
		"gateway.TestContactsAreToldOfWithoutNames", "gateway.TestOfPeopleNothingIsTold", "lab/whole.TestFramingContainsNobodyInnocent", "behavior.TestNobodyIsFramed",
		"gateway/respond.TestHarm", "internal/house.TestRoomsImportOnlyWhatTheyMay", // what detects has no way to the network
	}},
	{3, "There are several channels, chosen when signing up, with a consent for each, and no way to hear nothing at all.", []string{
		"cloud/notify.TestSettingsAreKeptTo", "cloud/notify.TestNobodyIsLeftOutOfWhatIsCritical", "cloud/notify.TestACaseIsToldByPushAndEmailOnce",
		"cloud/notify.TestTextMessagesGoToAVerifiedNumber", "cloud/notify.TestANumberIsVerifiedOnce", "cloud/notify.TestWhoDoesNotChooseIsAskedOnce",
		"lab/browser.TestWaysIn", "lab/browser.TestNormal",
	}},
	{4, "Records of addresses are kept only as long as they are needed.", []string{
		"cloud/account.TestANetworkIsAKeyedHashOfAnAddressBlock", "gateway/ledger.TestOldSegmentsGo", "gateway/ledger.TestRingIsBounded",
		"gateway/ledger.TestEraseForgetsADevice", "cloud/incident.TestCasesAreBoundedTrimmedAndErased", "cloud/notify.TestOldThingsGoAndOpenCasesStay",
		"cloud/report.TestReportsAreKeptHalfAYear",
	}},
	{5, "A message cannot be made up by others, and can be verified by another way.", []string{
		"cloud/notify.TestAMessageCanBeChecked", "gateway/portal.TestReleaseNeedsTheFormOfThisPage", "lab/browser.TestWaysIn",
	}},
	{6, "A message has nothing personal in it.", []string{
		"cloud/notify/words.TestNothingPersonalGoesInTheOpen", "cloud/notify/words.TestSMSFitsOneMessage",
	}},
	{7, "The garden leaks: telephones and games go on, and the makers of systems and of protection stay reachable.", []string{
		"lab/whole.TestModesHold", "gateway/permits.TestMakersOfScannersStayReachable", "playbook.TestUpdatesAreReachableWhenTheyAreAskedFor", "gateway/respond.TestWhatIsNeverContainedByItself",
		"cloud/notify/help.TestTheHelpPageHasWhatRFC6561AsksFor",
	}},
	{8, "A person can leave the garden, a bot cannot, and what the person confirmed is kept.", []string{
		"gateway/portal.TestMalwareCannotLetItselfOut", "gateway/portal.TestAReleaseKeepsThatThePersonWasWarned", "gateway/portal.TestTheLastWordAtThePage", "gateway/respond.TestTheLastWordIsThePersons", "gateway/respond.TestWhoMayLetOut",
		"gateway/respond.TestTheDeviceItselfAnswers", "cloud/notify/help.TestTheHelpPageHasWhatRFC6561AsksFor",
	}},
	{9, "The language is plain, with one path for laymen and one for experts.", []string{
		"cloud/notify/words.TestTextsOfTheNetwork", "playbook.TestTheVoiceOfTexts", "gateway/portal.TestTheVoice", "gateway/portal.TestTheLanguagesAreComplete", "gateway/portal.TestThePageTellsEverything",
	}},
	{10, "A public page tells why this is done, what it is, the steps, and how to keep it from happening.", []string{
		"cloud/notify/help.TestTheHelpPageHasWhatRFC6561AsksFor", "cloud/notify/help.TestBothLanguagesSayTheSame", "lab/browser.TestWaysIn",
	}},
	{11, "The device is named, or it is said that the advice is general.", []string{
		"cloud/notify/words.TestTextsOfTheNetwork", "gateway/portal.TestThePageTellsEverything", "playbook.TestNamesAreFilledIn", "cloud/notify.TestWhereAnothersDeviceWentIsNotTold", "lab/browser.TestGuide",
	}},
	{12, "The guide has back-ups, patches, automatic updates, finding the device, professional help, a way to the police, and a survey.", []string{
		"playbook.TestTheGuideHoldsWhatRFC6561Wants", "cloud/notify/help.TestTheHelpPageHasWhatRFC6561AsksFor", "gateway/portal.TestAPersonGoesThroughThePlaybook",
	}},
	{13, "Help that costs money is never sold by the way.", []string{
		"playbook.TestTheGuideHoldsWhatRFC6561Wants", "cloud/notify/help.TestTheHelpPageHasWhatRFC6561AsksFor",
	}},
	{14, "Recurrences are counted, and what is done grows step by step.", []string{
		"gateway/respond.TestRelapses", "gateway/respond.TestRecurrences", "gateway/respond.TestRelapseContainsAgain", "gateway/respond.TestThirtyDays", "gateway/respond.TestUnverifiedForAMonth",
		"cloud/notify.TestARelapseIsToldAndIsNoSecondAlarm",
	}},
	{15, "Sharing is agreed to first, and what is shared with whom is shown.", []string{
		"cloud/account.TestConsents", "cloud/api.TestStaffLookOnlyWithAReasonAndLeaveATrace", "gateway.TestAConsentThatWasChangedAllowsNothing", "gateway.TestFollowTellsWhatChangesAndEndsWithTheConsent", "lab/browser.TestStory",
		"cloud/notify/help.TestTheHelpPageHasWhatRFC6561AsksFor", "cloud/adapt/homes.TestHelpingOthersIsOptIn", "cloud/normal.TestHomesThatDoNotHelpTeachNothing",
		"cloud/fleet.TestHomesThatDoNotHelpTeachNothing",
	}},
}

// Every point has a test, and every test that is named is there and is run.
func TestEveryPointIsShown(t *testing.T) {
	known := map[string]map[string]*ast.FuncDecl{}
	for i, p := range points {
		if p.n != i+1 {
			t.Fatalf("point %d stands at place %d", p.n, i+1)
		}
		if len(p.shown) == 0 {
			t.Errorf("point %d is shown by nothing: %s", p.n, p.wants)
		}
		for _, name := range p.shown {
			folder, test, _ := strings.Cut(name, ".")
			if known[folder] == nil {
				known[folder] = tests(t, folder)
			}
			f := known[folder][test]
			if f == nil {
				t.Errorf("point %d: there is no test %s in %s", p.n, test, folder)
				continue
			}
			if skips(f) {
				t.Errorf("point %d: %s can be skipped", p.n, name)
			}
		}
	}
	if len(points) != 15 {
		t.Errorf("%d points; there are 15", len(points))
	}
}

// tests are the tests that go test runs in a folder, by name.
func tests(t *testing.T, folder string) map[string]*ast.FuncDecl {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*ast.FuncDecl{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(file.Comments, func(c *ast.CommentGroup) bool { return strings.HasPrefix(c.List[0].Text, "//go:build") }) {
			continue // it is not always built
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Body != nil && len(f.Type.Params.List) == 1 && strings.HasPrefix(f.Name.Name, "Test") {
				out[f.Name.Name] = f
			}
		}
	}
	return out
}

// skips says whether a test has a way to be left out.
func skips(f *ast.FuncDecl) (yes bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, s.Sel.Name) {
			yes = true
		}
		return true
	})
	return yes
}
