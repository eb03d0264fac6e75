package replica

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// TestTroubleIsToldNowAndThen has a store away for two and a half minutes, tried each second.
func TestTroubleIsToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		away := Trouble{What: "it cannot be read", Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))}
		away.Met(nil)
		for range 150 {
			away.Met(errors.New("away"))
			time.Sleep(time.Second)
		}
		away.Met(nil)
		away.Met(nil)
		away.Met(errors.New("away again"))
		const want = `level=ERROR msg="it cannot be read" error=away
level=ERROR msg="it cannot be read" error=away since=1m0s
level=ERROR msg="it cannot be read" error=away since=2m0s
level=INFO msg="it is over: it cannot be read" after=2m30s
level=ERROR msg="it cannot be read" error="away again"
`
		if got := log.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}
