package authflow_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func (w *world) keepErr(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf("%v %+v %#v", err, err, err))
}

func (w *world) hear(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoken.Write(b)
}

// log is where a process writes its log.
func (w *world) log() io.Writer {
	return writer(func(b []byte) (int, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.logged.Write(b)
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

var issued = regexp.MustCompile(`"(?:device_code|code|user_code|access_token|refresh_token|token)":"([^"\n]+)"`)

// secrets are those that passed between us and the provider.
func (w *world) secrets() []string {
	out := append([]string{clientSecret, clientToken}, w.given...)
	for _, m := range issued.FindAllStringSubmatch(w.spoken.String(), -1) {
		out = append(out, m[1])
	}
	for _, r := range w.srv.Requests() {
		if q := r.Query.Encode(); q != "" && q != "fields=id%2Cname" && r.Query.Get("response_type") == "" { // with it browsers go
			w.Errorf("got the query %v, want everything in bodies", r)
		}
		for _, name := range []string{"device_code", "code_verifier", "code", "state"} {
			if v := cmp.Or(r.Form.Get(name), r.Query.Get(name)); v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// checkSecrets looks where no secret may be: in logs, errors, and files.
func (w *world) checkSecrets() {
	w.Helper()
	places := map[string]string{"the log": w.logged.String(), "an error": strings.Join(w.errors, "\n")}
	if !w.inMemory {
		files, err := filepath.Glob(w.file + "*")
		if err != nil || len(files) == 0 {
			w.Fatalf("got files %v, %v", files, err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				w.Fatal(err)
			}
			places[filepath.Base(name)] = string(b)
		}
	}
	for place, text := range places {
		for _, secret := range w.secrets() {
			if strings.Contains(text, secret) {
				w.Errorf("%s shows a secret, %.4s…", place, secret)
			}
		}
	}
}

// echo refuses and quotes what it was sent.
func echo(rw http.ResponseWriter, r *http.Request, call http.HandlerFunc) {
	quoted := []string{strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}
	if err := r.ParseForm(); err == nil {
		quoted = append(quoted, r.PostForm.Get("device_code"), r.PostForm.Get("code"), r.PostForm.Get("code_verifier"), r.PostForm.Get("client_secret"))
	}
	body := fmt.Sprintf(`{"error":"echo","error_description":%q}`, strings.Join(quoted, " "))
	stand.Custom(http.StatusBadRequest, "application/json", body)(rw, r, call)
}

// TestSecretsStaySecret goes where secrets could come to light: through trouble,
// refusals that quote what was sent, and restarts. Every other bubble is searched
// as well; here it is made sure that there is something to find.
func TestSecretsStaySecret(t *testing.T) {
	again(t, setup{}, func(w *world, restart func()) {
		w.srv.Break(authtest.Token, authtest.CutBody(), authtest.SlowDown())
		w.approve(w.start("alice"), "octocat")
		bob := w.start("bob")
		carol := w.start("carol")
		w.srv.Break(authtest.UserInfo, authtest.Unavailable(0))
		w.sleep(15 * time.Second)
		restart()
		w.sleep(time.Minute)
		w.approve(carol, "octocat")
		w.srv.Break(authtest.UserInfo, echo)
		w.sleep(time.Minute)
		w.wantState(carol, "failed unnamed (token revoked)")
		w.srv.Break(authtest.Token, echo)
		w.sleep(time.Minute)
		w.wantState(bob, "failed refused")
		_, err := w.Accounts().Client(w.Context(), "bob", "auth")
		w.keepErr(err)

		kinds := map[string]bool{}
		for _, m := range issued.FindAllStringSubmatch(w.spoken.String(), -1) {
			kinds[strings.SplitN(m[0], `"`, 3)[1]] = true
		}
		if n := len(w.secrets()); n < 9 || len(kinds) != 4 {
			w.Errorf("got %d secrets of the kinds %v to look for, want more", n, kinds)
		}
		for _, want := range []string{`level=WARN`, `"level":"WARN"`, "login started", "echo", "login linked", "login failed"} {
			if !strings.Contains(w.logged.String(), want) {
				w.Errorf("got a log without %q", want)
			}
		}
	})
}
