package authflow_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
)

// event is something that happened, so long after the story began.
type event struct {
	at   time.Duration
	what string
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, event{time.Since(w.began), what})
}

// forgetStory begins a new story, at a new time zero.
func (w *world) forgetStory() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told, w.began = nil, time.Now()
}

// asked is what the provider was asked.
func (w *world) asked() []event {
	var out []event
	device, token := []authtest.Endpoint{authtest.Device, authtest.HerokuStart}, []authtest.Endpoint{authtest.Token, authtest.HerokuWait}
	user, revocation := []authtest.Endpoint{authtest.UserInfo, authtest.HerokuUser}, []authtest.Endpoint{authtest.Revocation}
	for _, v := range vendors() {
		device, token = append(device, v.device), append(token, v.token)
		user, revocation = append(user, v.user), append(revocation, v.revocation)
	}
	for _, one := range []struct {
		what string
		at   []authtest.Endpoint
	}{
		{"asks for a code", device}, {"polls", token}, {"asks who", user}, {"revokes", revocation},
	} {
		for _, r := range w.srv.Requests(one.at...) {
			what := one.what
			if r.Form.Get("grant_type") == "refresh_token" {
				what = "refreshes"
			}
			if !r.At.Before(w.began) {
				out = append(out, event{r.At.Sub(w.began), what})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return out
}

func (w *world) toldSoFar() []event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told)
}

// wantStory compares all that has happened. A line is a time and what happened,
// or only what happened, where the time is left to chance. Of what happened at
// the same time, questions come first.
func (w *world) wantStory(want string) {
	w.Helper()
	all := slices.Concat(w.asked(), w.toldSoFar())
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	w.compare(all, want)
}

// wantTold is wantStory for what was told alone.
func (w *world) wantTold(want string) {
	w.Helper()
	w.compare(w.toldSoFar(), want)
}

// wantCare is wantStory without the requests in a person's name.
func (w *world) wantCare(want string) {
	w.Helper()
	all := slices.Concat(slices.DeleteFunc(w.asked(), func(e event) bool { return e.what == "asks who" }), w.toldSoFar())
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	w.compare(all, want)
}

func (w *world) compare(all []event, want string) {
	w.Helper()
	want = strings.TrimSpace(want)
	timed := strings.IndexAny(want, "0123456789") == 0
	var wants, got []string
	for line := range strings.Lines(want) {
		wants = append(wants, strings.Join(strings.Fields(line), " "))
	}
	for _, e := range all {
		if timed {
			e.what = e.at.String() + " " + e.what
		}
		got = append(got, e.what)
	}
	if !slices.Equal(got, wants) {
		w.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(wants, "\n\t"))
	}
}
