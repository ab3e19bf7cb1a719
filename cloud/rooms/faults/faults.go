// Package faults tells the contexts' errors as the API's problems. It imports them and cloud/api/problem, and has no state.
package faults

import (
	"context"
	"errors"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/api/problem"
	"cardea/cloud/desired"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/live"
	"cardea/cloud/notify"
	"cardea/cloud/report"
	"cardea/cloud/rollout"
	"cardea/cloud/staff"
)

// sentenceOf begins with a capital and ends with a full stop.
func sentenceOf(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// Staff are errors of the context of staff, as problems.
func Staff(err error) error {
	switch {
	case errors.Is(err, staff.ErrUnknown):
		return problem.New(problem.NotFound, "")
	case errors.Is(err, staff.ErrInput):
		_, why, _ := strings.Cut(err.Error(), staff.ErrInput.Error()+": ")
		return problem.New(problem.Invalid, "%s", sentenceOf(why))
	case errors.Is(err, staff.ErrTaken):
		return problem.New(problem.Conflict, "That was not agreed to, was fetched before, or is more than a day old. Propose it again.")
	case errors.Is(err, staff.ErrToken):
		return problem.New(problem.Unauthorized, "")
	case errors.Is(err, staff.ErrSame):
		return problem.New(problem.Forbidden, "Another person has to decide than who proposed it.")
	case errors.Is(err, staff.ErrDecided):
		return problem.New(problem.Conflict, "That is decided, or too old.")
	case errors.Is(err, staff.ErrMany):
		return problem.New(problem.TooMany, "There are as many as there may be.")
	case errors.Is(err, account.ErrNoRole):
		return problem.New(problem.Right, "This account has no role here.")
	}
	return Tell(err)
}

// Intel are errors of the context of intelligence, as problems.
func Intel(err error) error {
	switch {
	case errors.Is(err, intelligence.ErrUnknown):
		return problem.New(problem.NotFound, "")
	case errors.Is(err, intelligence.ErrWrong):
		_, why, _ := strings.Cut(err.Error(), intelligence.ErrWrong.Error()+": ")
		return problem.New(problem.Invalid, why)
	}
	return Tell(err)
}

// told are the contexts' errors that a client has to know, as problems.
var told = []struct {
	err    error
	kind   problem.Kind
	detail string
	after  time.Duration
}{
	{account.ErrCredentials, problem.SignIn, "", 0},
	{account.ErrThrottled, problem.TooMany, "Too many attempts to sign in.", 15 * time.Minute},
	{account.ErrBusy, problem.TooMany, "Too many people are signing in.", 2 * time.Second},
	{account.ErrSession, problem.Unauthorized, "", 0},
	{account.ErrNotFound, problem.NotFound, "", 0},
	{account.ErrTwice, problem.Conflict, "Several homes have this account number. Give all but one another first.", 0},
	{account.ErrPlan, problem.Conflict, "Homes have this plan, or it is the standard one. Give them another first.", 0},
	{account.ErrExists, problem.Conflict, "That is there already.", 0},
	{account.ErrClaim, problem.Claim, "It was used, is too old, or was mistyped.", 0},
	{account.ErrRevoked, problem.Forbidden, "This gateway may not speak for the home.", 0},
	{account.ErrLastOwner, problem.Conflict, "A home keeps an owner. Make somebody else one first.", 0},
	{account.ErrInvitation, problem.Claim, "This invitation was used, taken back, or is too old.", 0},
	{account.ErrLabel, problem.Claim, "This label's code is not good, or was mistyped.", 0},
	{account.ErrEarly, problem.Conflict, "The gateway has not been online yet. Plug it in and try again in a few minutes.", 0},
	{account.ErrOwned, problem.Conflict, "This home has an owner. Ask them for an invitation.", 0},
	{account.ErrRecovery, problem.Claim, "This link or code was used, is too old, or was mistyped.", 0},
	{account.ErrChallenge, problem.Claim, "That took too long or was done before. Begin again.", 0},
	{account.ErrConfirm, problem.Confirm, "", 0},
	{account.ErrNoPasskeys, problem.NotFound, "There are no passkeys at this address.", 0},
	{account.ErrNoProvider, problem.NotFound, "There is no sign-in with the provider's account.", 0},
	{account.ErrUnlinked, problem.Forbidden, "This account belongs to no home here.", 0},
	{account.ErrUnverified, problem.Forbidden, "The provider has not verified an e-mail address of this account.", 0},
	{account.ErrSignature, problem.Invalid, "The signature is not one that this home accepts.", 0},
	{history.ErrUnknown, problem.NotFound, "", 0},
	{incident.ErrUnknown, problem.NotFound, "", 0},
	{desired.ErrUnknown, problem.NotFound, "", 0},
	{desired.ErrTooMany, problem.TooMany, "The gateway has not confirmed what it was asked for before.", 30 * time.Second},
	{desired.ErrKey, problem.Reused, "", 0},
	{desired.ErrOrder, problem.Invalid, "That cannot be asked of a gateway.", 0},
	{notify.ErrChanged, problem.Changed, "", 0},
	{notify.ErrSubscription, problem.Invalid, "That is no push subscription.", 0},
	{notify.ErrSettings, problem.Invalid, "Such settings there are not.", 0},
	{report.ErrUnknown, problem.NotFound, "There is no report of that week.", 0},
	{notify.ErrOptOut, problem.Invalid, "At least one way has to stay for what is critical.", 0},
	{notify.ErrNumber, problem.Invalid, "That is no phone number with its country, as +49 30 123456.", 0},
	{notify.ErrNoSMS, problem.Invalid, "This provider sends no text messages.", 0},
	{notify.ErrTooMany, problem.TooMany, "That was asked for too often.", 10 * time.Minute},
	{notify.ErrCode, problem.Invalid, "That is not the code, or it is too old.", 0},
	{notify.ErrNotTaken, problem.Conflict, "The text message could not be handed in. Try again later.", 0},
	{notify.ErrCursor, problem.Invalid, "That is no cursor of this list. Begin at the first page.", 0},
	{live.ErrOffline, problem.Offline, "", 0},
	{live.ErrLost, problem.Offline, "Its answer did not get through.", 5 * time.Second},
	{context.DeadlineExceeded, problem.Offline, "", 0},
}

// Tell are errors that most contexts may have, as problems; what nobody outside can mend it leaves as it is.
func Tell(err error) error {
	if err == nil {
		return nil
	}
	for _, t := range told {
		if errors.Is(err, t.err) {
			return problem.New(t.kind, t.detail).After(t.after)
		}
	}
	var in *account.InputError
	if errors.As(err, &in) {
		p := problem.New(problem.Invalid, "")
		p.Errors = []problem.Field{{Location: "body." + in.Field, Message: in.Why}}
		return p
	}
	var no *live.Refused
	if errors.As(err, &no) {
		return problem.New(problem.Forbidden, "The gateway refused: %s", no.Why)
	}
	return err
}

// Rollout puts what a person can mend into words.
func Rollout(err error) error {
	for _, e := range []error{rollout.ErrUnderway, rollout.ErrName, rollout.ErrState, rollout.ErrNothing, rollout.ErrNoBack, rollout.ErrVersion, rollout.ErrShadow, rollout.ErrNewer} {
		if errors.Is(err, e) {
			return problem.New(problem.Conflict, "%s", e.Error())
		}
	}
	if errors.Is(err, rollout.ErrNoPlan) {
		return problem.New(problem.NotFound, "")
	}
	return err
}
