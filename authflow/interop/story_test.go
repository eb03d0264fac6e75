package interop_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
)

// said is what is read of an answer.
type said struct {
	Error   string `json:"error"`
	Device  string `json:"device_code"`
	User    string `json:"user_code"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

// ServeHTTP lets the server answer, and writes down what was asked and said.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		w.Errorf("got %v in the question at %s", err, r.URL.Path)
	}
	w.checkManners(r)
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	var s said
	if err := json.Unmarshal(rec.Body.Bytes(), &s); err != nil && rec.Code == http.StatusOK && rec.Body.Len() > 0 {
		w.Errorf("got %v in the answer to %s", err, r.URL.Path)
	}
	w.heard(r, rec.Code, s)
	maps.Copy(out.Header(), rec.Header())
	out.WriteHeader(rec.Code)
	if _, err := rec.Body.WriteTo(out); err != nil {
		w.Errorf("answer %s: %v", r.URL.Path, err)
	}
}

// checkManners looks at how usher asks. What it asks in a person's name is theirs.
func (w *world) checkManners(r *http.Request) {
	if r.URL.RawQuery != "" {
		w.Errorf("got query %q at %s, want none: logs keep it", r.URL.RawQuery, r.URL.Path)
	}
	if agent := r.UserAgent(); r.Method == http.MethodPost && (!strings.HasPrefix(agent, "usher ") || r.Header.Get("Accept") != "application/json") {
		w.Errorf("got User-Agent %q and Accept %q at %s", agent, r.Header.Get("Accept"), r.URL.Path)
	}
}

// heard writes down a question, by the last word of its endpoint or grant type.
func (w *world) heard(r *http.Request, status int, s said) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := path.Base(r.URL.Path)
	if grant := r.PostForm.Get("grant_type"); grant != "" {
		what = grant[strings.LastIndexByte(grant, ':')+1:]
	}
	if used := r.PostForm.Get("refresh_token"); used != "" {
		w.spent = append(w.spent, used)
	}
	if s.Access != "" {
		w.last, w.granted = s, append(w.granted, s.Refresh)
	}
	w.secrets = append(w.secrets, s.Device, s.User, s.Access, s.Refresh, s.ID)
	answer := "ok"
	if status/100 != 2 {
		answer = cmp.Or(s.Error, strconv.Itoa(status))
	}
	w.note(what, answer)
}

func (w *world) tell(ctx context.Context, l authflow.Login) error {
	if l.State.Open() {
		return w.Keep(ctx, l, l.Origin, time.Time{})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("tells", string(l.State), string(l.Why), l.Who.Name)
	return nil
}

func (w *world) died(_ context.Context, a authflow.Account) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("tells", string(a.State), a.Who.Name)
	return nil
}

// note adds to the story. w.mu is held.
func (w *world) note(words ...string) {
	line := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	w.told = append(w.told, fmt.Sprint(time.Since(w.began), " ", line))
}

// wantStory compares what has happened since the last story, and when since the
// beginning. Lines that differ in their time only are one, with the first time.
func (w *world) wantStory(want string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var wants []string
	for line := range strings.Lines(strings.TrimSpace(want)) {
		wants = append(wants, strings.Join(strings.Fields(line), " "))
	}
	if got := fold(w.told); !slices.Equal(got, wants) {
		w.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(wants, "\n\t"))
	}
	w.told = nil
}

// fold makes one line of those in a row that say the same: "5s a", "9s a" becomes
// "5s a, 2 times until 9s".
func fold(lines []string) (out []string) {
	for i := 0; i < len(lines); {
		first, what, _ := strings.Cut(lines[i], " ")
		n, last := 0, first
		for ; i < len(lines); i++ {
			at, same, _ := strings.Cut(lines[i], " ")
			if same != what {
				break
			}
			n, last = n+1, at
		}
		line := first + " " + what
		if n > 1 {
			line += fmt.Sprintf(", %d times until %s", n, last)
		}
		out = append(out, line)
	}
	return out
}

// checkLog looks for secrets in what the operator reads.
func (w *world) checkLog() {
	for _, secret := range append(w.secrets, appSecret) {
		if secret != "" && strings.Contains(w.logged.String(), secret) {
			w.Errorf("got a secret in the log:\n%s", w.logged.String())
			return
		}
	}
}
