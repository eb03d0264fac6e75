package discord

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", pong(t))
		if !r.Ready() {
			t.Error("got an adapter that is not ready, want one that is connected")
		}
		for _, word := range []string{"ping", "open", "ping"} {
			r.srv.Say("alice", coretest.Direct, "/"+word)
		}
		time.Sleep(time.Second)
		if got := r.Calls(); got != "ping open ping" {
			t.Errorf("got %q, want three commands in order", got)
		}
		began := time.Now()
		r.end(t)
		if r.Ready() || time.Since(began) > time.Second || r.srv.Connected() != 0 {
			t.Errorf("ready %v with %d connections after %v, want neither at once", r.Ready(), r.srv.Connected(), time.Since(began))
		}
	})
}

// pong answers commands and nothing else.
func pong(t *testing.T) func(core.Event) {
	return func(ev core.Event) {
		if _, is := ev.What.(core.Call); is {
			reply(t, ev, core.Message{Text: "Pong!"})
		}
	}
}

// TestGatewayRecovers: nothing that happens meanwhile is lost, and what can be
// resumed is.
func TestGatewayRecovers(t *testing.T) {
	tests := []struct {
		name               string
		upset              func(srv *discordtest.Server)
		within             time.Duration // it is ready again
		identifies, resume int           // at most, with the first
	}{
		{"a broken connection", func(srv *discordtest.Server) { srv.HangUp() }, time.Second, 1, 1},
		{"all connections cut", func(srv *discordtest.Server) { srv.Cut() }, time.Second, 1, 1},
		{"asked to reconnect", func(srv *discordtest.Server) { srv.Reconnect() }, time.Second, 1, 1},
		{"closed for an unknown reason", func(srv *discordtest.Server) { srv.CloseWith(4000) }, time.Second, 1, 1},
		{"a session that ran out", func(srv *discordtest.Server) { srv.CloseWith(4009) }, 6 * time.Second, 2, 0},
		{"an invalid session", func(srv *discordtest.Server) { srv.InvalidSession(); srv.HangUp() }, 7 * time.Second, 2, 1},
		{"asked to reconnect by the second frame", func(srv *discordtest.Server) { srv.SecondFrameReconnect(); srv.HangUp() }, 2 * time.Second, 1, 2},
		{"never ready", func(srv *discordtest.Server) { srv.NeverReady(); srv.HangUp() }, openFor + 2*time.Second, 1, 2},
		{"gone silent", func(srv *discordtest.Server) { srv.Deafen() }, 2 * time.Minute, 1, 1},
		{"an outage", func(srv *discordtest.Server) {
			srv.Stop()
			time.Sleep(time.Minute)
			srv.Resume()
		}, time.Minute, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startOn(t, "gateway", nil)
				time.Sleep(10 * time.Second)
				tt.upset(r.srv)
				time.Sleep(tt.within)
				if !r.Ready() {
					t.Errorf("got an adapter that is not ready after %v", tt.within)
				}
				r.srv.Say("alice", coretest.Direct, "hello")
				time.Sleep(time.Minute)
				if n := len(r.Events()); n != 1 {
					t.Errorf("got %d events, want one", n)
				}
				if i, s := r.srv.Identifies(), r.srv.Resumes(); i != tt.identifies || s > tt.resume {
					t.Errorf("got %d identified and %d resumed, want %d and at most %d", i, s, tt.identifies, tt.resume)
				}
				r.end(t)
			})
		})
	}
}

// What is said while the connection is broken comes with the session.
func TestGatewayLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "gateway", pong(t))
		r.srv.HangUp()
		r.srv.Say("alice", "#general", "/ping")
		r.srv.Say("bob", coretest.Direct, "hello")
		time.Sleep(time.Second)
		r.srv.Deafen()
		r.srv.Say("alice", coretest.Direct, "are you there?")
		time.Sleep(2 * time.Minute)
		if n := len(r.Events()); n != 3 || r.srv.Resumes() != 2 {
			t.Errorf("got %d events and %d resumed, want 3 and 2", n, r.srv.Resumes())
		}
		r.end(t)
	})
}

// Some ends nothing can help. Whoever runs the bot reads what to do in one line.
func TestGatewayEndsForGood(t *testing.T) {
	for code, setting := range map[int]string{
		4004: "DISCORD_TOKEN", 4010: "DISCORD_MODE", 4011: "DISCORD_MODE", 4012: "DISCORD_MODE", 4013: "DISCORD_MODE", 4014: "DISCORD_MODE",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startOn(t, "gateway", nil)
				time.Sleep(10 * time.Second)
				r.srv.CloseWith(code)
				select {
				case err := <-r.Ended:
					if err == nil || !strings.HasPrefix(err.Error(), setting+": ") || strings.Contains(err.Error(), "\n") {
						t.Errorf("got %v, want one line that names %s", err, setting)
					}
				case <-time.After(time.Minute):
					t.Error("got a bot that goes on, want it to end")
				}
			})
		})
	}
}

func TestWrongToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, discordtest.New(t, discordtest.Options{}), func(c *Config) { c.Token = testToken }, nil)
		err := <-r.Ended
		if err == nil || !strings.HasPrefix(err.Error(), "DISCORD_TOKEN: Discord does not know it") || strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want an error that names DISCORD_TOKEN", err)
		}
	})
}

// A gateway that never lets the bot in is not asked all the time, and not told who
// the bot is more often than it may be.
func TestGatewayIsNotBusy(t *testing.T) {
	tests := []struct {
		name       string
		upset      func(srv *discordtest.Server)
		most       int // requests for the gateway in ten minutes
		identifies int
	}{
		{"nobody there", func(srv *discordtest.Server) { srv.Stop() }, 40, 1},
		{"an outage of the API", func(srv *discordtest.Server) {
			srv.CloseWith(4009)
			srv.Break("GET /gateway/bot", slices.Repeat([]stand.Fault{stand.HTML(502)}, 100)...)
		}, 40, 1},
		{"always invalid", func(srv *discordtest.Server) {
			for range 200 {
				srv.InvalidSession()
			}
			srv.HangUp()
		}, 40, 40},
		{"no starts left", func(srv *discordtest.Server) { srv.Starts(0); srv.CloseWith(4009) }, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startOn(t, "gateway", nil)
				tt.upset(r.srv)
				time.Sleep(10 * time.Minute)
				if n := len(r.srv.Requests("GET /gateway/bot")); n > tt.most || r.srv.Identifies() > tt.identifies {
					t.Errorf("got %d requests and %d identified, want at most %d and %d", n, r.srv.Identifies(), tt.most, tt.identifies)
				}
				r.srv.Resume()
				r.end(t)
			})
		})
	}
}

// The answers that Discord may give to what the bot says.
func TestFaults(t *testing.T) {
	faults := map[string]stand.Fault{
		"500":                  stand.Custom(500, "application/json", `{"message":"500: Internal Server Error","code":0}`),
		"502":                  stand.HTML(502),
		"429":                  discordtest.TooMany(time.Second),
		"429 for all":          discordtest.TooManyAtAll(time.Second),
		"dropped":              stand.Drop(),
		"hanging":              stand.Hang(),
		"dropped when done":    stand.DropAfter(),
		"done and not told so": stand.Custom(200, "text/html", "<html>"),
	}
	for _, over := range []string{"gateway", "http"} {
		for name, fault := range faults {
			for _, after := range []time.Duration{0, 10 * time.Second} {
				if name == "done and not told so" && after == 0 && over == "gateway" {
					continue // the fake has not done it
				}
				t.Run(fmt.Sprint(over, "/", name, " after ", after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := startOn(t, over, func(ev core.Event) {
							time.Sleep(after)
							reply(t, ev, core.Message{Text: "Pong!", Private: after > 0})
						})
						upset := func() { r.srv.Break("", fault) }
						if after == 0 {
							upset()
						} else {
							time.AfterFunc(after, upset)
						}
						r.srv.Say("alice", "#general", "/secret")
						time.Sleep(time.Minute)
						got := outline(r.srv, "alice", "#general")
						if got != "Pong!" && got != "(Pong!)" && name != "done and not told so" {
							t.Errorf("alice sees %q, want one answer", got)
						}
						r.end(t)
					})
				})
			}
		}
	}
}

func TestRepeatsHaveTheSameKey(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		synctest.Test(t, func(t *testing.T) {
			r := startOn(t, over, nil)
			r.srv.Say("alice", coretest.Direct, "/ping")
			time.Sleep(5 * time.Second)
			r.srv.Repeat()
			time.Sleep(5 * time.Second)
			r.srv.Say("alice", coretest.Direct, "/ping")
			time.Sleep(5 * time.Second)
			got := r.Events()
			if len(got) != 3 || got[0].Key != got[1].Key || got[1].Key == got[2].Key {
				t.Errorf("%s: got %d events, want one, its repeat, and another", over, len(got))
			}
			r.end(t)
		})
	}
}

// An event that is not safe is not acknowledged at once, and at the latest after
// two seconds; when the bot ends it is not acknowledged at all.
func TestAcknowledgedWhenSafe(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		for _, tt := range []struct {
			name      string
			safe, end time.Duration // 0: never
			after     time.Duration // 0: not at all
			failures  int
		}{
			{"safe at once", time.Millisecond, 0, deferAfter, 0},
			{"safe soon", time.Second, 0, time.Second, 0},
			{"not safe", 0, 0, ackAfter, 0},
			{"not safe at the end", 0, time.Second, 0, 1},
		} {
			t.Run(over+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := startOn(t, over, nil)
					in := *r.intake.Load()
					in.on = func(ev core.Event) {
						if tt.safe > 0 {
							time.AfterFunc(tt.safe, ev.Safe)
						}
					}
					r.intake.Store(&in)
					if tt.end > 0 {
						time.AfterFunc(tt.end, r.Stop)
					}
					began := time.Now()
					r.srv.Say("alice", "#general", "/ping")
					time.Sleep(5 * time.Second)
					put := responses(r.srv, respondLater)
					if tt.after == 0 && len(put) > 0 || tt.after > 0 && (len(put) != 1 || put[0].At.Sub(began).Round(100*time.Millisecond) != tt.after) {
						t.Errorf("got %d responses, want one after %v", len(put), tt.after)
					}
					if n := len(r.srv.Failures()); n != tt.failures {
						t.Errorf("got %d failures, want %d", n, tt.failures)
					}
					r.Stop()
					if err := <-r.Ended; err != nil {
						t.Errorf("run: got %v, want nil", err)
					}
				})
			})
		}
	}
}

// A thousand interactions leave nothing behind but what they asked for.
func TestManyInteractions(t *testing.T) {
	for _, over := range []string{"gateway", "http"} {
		synctest.Test(t, func(t *testing.T) {
			var wg sync.WaitGroup
			r := startOn(t, over, func(ev core.Event) {
				wg.Go(func() {
					if strings.HasSuffix(ev.Key, "7") {
						time.Sleep(5 * time.Second)
					}
					reply(t, ev, core.Message{Text: "Pong!"})
				})
			})
			ping := func(times int) {
				for i := range times {
					r.srv.Say(fmt.Sprintf("p%d", i%50), coretest.Direct, "/ping")
					time.Sleep(15 * time.Millisecond)
				}
				time.Sleep(5 * time.Minute)
				wg.Wait()
			}
			ping(100)
			before := runtime.NumGoroutine()
			ping(1000)
			if n := r.srv.Unanswered(); n != 0 || len(r.Events()) != 1100 {
				t.Errorf("%s: got %d of %d unanswered, want none of 1100", over, n, len(r.Events()))
			}
			if after := runtime.NumGoroutine(); after > before+5 {
				t.Errorf("%s: got %d goroutines, %d before", over, after, before)
			}
			if n := r.remembered(); n != 0 {
				t.Errorf("%s: got %d things remembered, want none", over, n)
			}
			r.end(t)
		})
	}
}

func TestEndsWhileItConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := discordtest.New(t, discordtest.Options{})
		srv.NeverReady()
		r := start(t, srv, nil, nil)
		time.Sleep(time.Second)
		began := time.Now()
		r.end(t)
		if took := time.Since(began); took > time.Second {
			t.Errorf("got the end after %v, want it at once", took)
		}
	})
}

func TestGatewayOnlyWhereTheTokenMayGo(t *testing.T) {
	a := New(Config{Token: testToken})
	for _, at := range []string{"ws://gateway.example", "https://gateway.example", "gateway", ""} {
		if _, err := a.dial(t.Context(), at); err == nil || !strings.Contains(err.Error(), "none that a token may be sent to") {
			t.Errorf("%s: got %v, want an error", at, err)
		}
	}
}
