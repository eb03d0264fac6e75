package authflow_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
)

// TestValidationAtTheStart of a process spares what was validated just now, or will be
// soon, because another one has started.
func TestValidationAtTheStart(t *testing.T) {
	bubble(t, setup{server: authtest.Options{TokenLifetime: time.Hour}, inMemory: true}, func(w *world) {
		p := w.Providers()[0]
		p.ValidateEvery = 12 * time.Minute
		p.Validate = func(ctx context.Context, c *http.Client, t authflow.Token) error {
			_, err := p.Who(ctx, c, t)
			return err
		}
		w.providers = []authflow.Provider{p}
		w.restart()
		w.link("alice", "octocat")
		w.sleep(4*time.Minute - 5*time.Second)
		w.restart()
		w.sleep(10 * time.Second)
		w.restart()
		w.sleep(time.Minute)
		w.restart()
		w.sleep(5 * time.Minute)
		w.wantStory("4m39s asks who")
	})
}
