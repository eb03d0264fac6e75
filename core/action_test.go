package core

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/seal"
)

func mustSign(t testing.TB, b *Bot, a Action, more stored) seal.Secret {
	t.Helper()
	token, err := b.sign(t.Context(), a, hall, more)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var alphabet = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func TestTokenRoundTrip(t *testing.T) {
	red := "red"
	tests := []struct {
		name   string
		action Action
		noted  bool
	}{
		{"a name", Action{Name: "roll"}, false},
		{"arguments", Action{Name: "roll", Args: []string{"2", "", "d6"}}, false},
		{"an empty argument", Action{Name: "roll", Args: []string{""}}, false},
		{"letters of any kind", Action{Name: "würfeln", Args: []string{"⚄", "=&\n\x01"}}, false},
		{"a picked value", Action{Name: "colour", Args: []string{"shirt"}, picked: &red}, false},
		{"all that fits", Action{Name: "roll", Args: []string{strings.Repeat("x", maxWhat-5)}}, false},
		{"a byte more", Action{Name: "roll", Args: []string{strings.Repeat("x", maxWhat-4)}}, true},
		{"much more", Action{Name: "roll", Args: []string{strings.Repeat("x", 9000), "y"}}, true},
		{"a picked value that is long", Action{Name: "c", Args: []string{strings.Repeat("x", 99)}, picked: &red}, true},
		{"a zero byte", Action{Name: "roll", Args: []string{"a\x00b"}}, true},
		{"once", Action{Name: "roll", Once: true}, true},
		{"no name", Action{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBot(t)
			token := mustSign(t, b, tt.action, stored{})
			if !alphabet.MatchString(token.Reveal()) {
				t.Errorf("token: got %q, want 1 to 64 of [A-Za-z0-9_-]", token.Reveal())
			}
			if got := len(b.store.(*notes).with("action:")); got != count(tt.noted) {
				t.Errorf("notes: got %d, want %d", got, count(tt.noted))
			}
			got, err := b.open(t.Context(), token, ann, hall)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != tt.action.Name || !slices.Equal(got.Args, tt.action.Args) || value(got.Picked) != value(tt.action.picked) {
				t.Errorf("got %q %q %q, want %q %q %q", got.Name, got.Args, value(got.Picked), tt.action.Name, tt.action.Args, value(tt.action.picked))
			}
		})
	}
}

func count(one bool) int {
	if one {
		return 1
	}
	return 0
}

func value(s *string) string {
	if s == nil {
		return "none"
	}
	return "=" + *s
}

func TestTokenCostsNineteenCharacters(t *testing.T) {
	b := newBot(t)
	for n := 1; n <= maxWhat; n++ {
		name := strings.Repeat("n", n)
		free, bound := mustSign(t, b, Action{Name: name}, stored{}), mustSign(t, b, Action{Name: name, Only: ann}, stored{})
		if most := base64.RawURLEncoding.EncodedLen(n) + 19; len(free) > most {
			t.Errorf("%d bytes: got %d characters, want at most %d", n, len(free), most)
		}
		if len(bound) != len(free) {
			t.Errorf("%d bytes for one person: got %d characters, want %d as for anybody", n, len(bound), len(free))
		}
	}
}

func TestTokenIsFor(t *testing.T) {
	elsewhere, thread, foreign := hall, hall, ann
	elsewhere.ID, thread.Thread, foreign.Platform = "yard", "7", "other"
	abroad := hall
	abroad.Platform = "other"
	stranger := ann
	stranger.Team = "U"
	tests := []struct {
		name string
		only User
		from User
		in   Chat
		want error
	}{
		{"anybody in the chat", User{}, bob, hall, nil},
		{"a thread of it", User{}, bob, thread, nil},
		{"another chat", User{}, ann, elsewhere, errNotYours},
		{"the person", ann, ann, hall, nil},
		{"the person in another chat", ann, ann, home, nil},
		{"the person by another name", ann, User{Platform: ann.Platform, Team: ann.Team, ID: ann.ID, Name: "Bob"}, hall, nil},
		{"another person", ann, bob, hall, errNotYours},
		{"the same id in another workspace", ann, stranger, hall, errNotYours},
		{"another platform", ann, foreign, abroad, errForged},
		{"anybody on another platform", User{}, foreign, abroad, errForged},
	}
	for _, tt := range tests {
		for _, once := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, once %v", tt.name, once), func(t *testing.T) {
				b := newBot(t)
				token := mustSign(t, b, Action{Name: "roll", Only: tt.only, Once: once}, stored{})
				if _, err := b.open(t.Context(), token, tt.from, tt.in); !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
				if got := len(b.store.(*notes).with("action:")); once && got != count(tt.want != nil) {
					t.Errorf("notes left: got %d, want %d: only its own press takes an action", got, count(tt.want != nil))
				}
			})
		}
	}
}

func TestTokenChanged(t *testing.T) {
	b := newBot(t)
	token := mustSign(t, b, Action{Name: "roll", Args: []string{"2"}, Only: ann}, stored{}).Reveal()
	refused := func(what, token string) {
		t.Helper()
		act, err := b.open(t.Context(), seal.Secret(token), ann, hall)
		if !errors.Is(err, errForged) && !errors.Is(err, errNotYours) {
			t.Errorf("%s: got %q and %v, want it refused", what, act.Name, err)
		}
	}
	for i := range token {
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=+/ \n\x00" {
			if changed := token[:i] + string(c) + token[i+1:]; changed != token {
				refused(fmt.Sprintf("character %d as %q", i, c), changed)
			}
		}
		refused(fmt.Sprintf("cut after %d", i), token[:i])
		refused(fmt.Sprintf("cut before %d", i), token[i+1:])
		refused(fmt.Sprintf("a new line at %d", i), token[:i]+"\n"+token[i:])
	}
	for _, more := range []string{"A", "\n", "\r\n", "=", "==", strings.Repeat("A", 99)} {
		refused(fmt.Sprintf("followed by %q", more), token+more)
	}
}

func TestTokenEnds(t *testing.T) {
	tests := []struct {
		name   string
		action Action
		at     time.Duration
		want   error
	}{
		{"at once", Action{For: 10 * time.Minute}, 0, nil},
		{"at its end", Action{For: 10 * time.Minute}, 10 * time.Minute, nil},
		{"in the minute after", Action{For: 10 * time.Minute}, 11*time.Minute - time.Second, nil},
		{"a minute after", Action{For: 10 * time.Minute}, 11 * time.Minute, errTooOld},
		{"a day", Action{}, 24 * time.Hour, nil},
		{"a day and a minute", Action{}, 24*time.Hour + time.Minute, errTooOld},
		{"a note", Action{For: 10 * time.Minute, Once: true}, 10*time.Minute - time.Second, nil},
		{"a note after its end", Action{For: 10 * time.Minute, Once: true}, 10 * time.Minute, errTooOld},
		{"some seconds", Action{For: 5 * time.Second}, 5 * time.Second, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which begins at a full minute
				b := newBot(t)
				tt.action.Name = "roll"
				token := mustSign(t, b, tt.action, stored{})
				time.Sleep(tt.at)
				if _, err := b.open(t.Context(), token, ann, hall); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

func TestTokenOfPreviousSecret(t *testing.T) {
	b := newBot(t)
	for _, once := range []bool{false, true} {
		token := mustSign(t, b, Action{Name: "roll", Once: once}, stored{})
		changed := New(Options{Store: b.store, Keys: newKeys(t, otherSecret, "")})
		if _, err := changed.open(t.Context(), token, ann, hall); !errors.Is(err, errForged) {
			t.Errorf("once %v, another secret: got %v, want %v", once, err, errForged)
		}
		changed.keys = newKeys(t, otherSecret, testSecret)
		if got, err := changed.open(t.Context(), token, ann, hall); err != nil || got.Name != "roll" {
			t.Errorf("once %v, previous secret: got %q and %v, want roll", once, got.Name, err)
		}
	}
}

func TestOnceIsTakenByOnePress(t *testing.T) {
	b := newBot(t)
	token := mustSign(t, b, Action{Name: "pay", Once: true}, stored{})
	var taken, late atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch _, err := b.open(t.Context(), token, ann, hall); {
			case err == nil:
				taken.Add(1)
			case errors.Is(err, errTooOld):
				late.Add(1)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 1 || late.Load() != 49 {
		t.Errorf("got %d presses and %d that came late, want 1 and 49", taken.Load(), late.Load())
	}
}

func TestOffered(t *testing.T) {
	colours := stored{Values: []string{"red", "green", "blue"}}
	two := stored{Values: colours.Values, Min: 1, Max: 2}
	few := stored{Values: colours.Values, Max: 3}
	tests := []struct {
		name   string
		of     stored
		values []string
		want   bool
	}{
		{"a button", stored{}, nil, true},
		{"a button with a value", stored{}, []string{"red"}, false},
		{"one", colours, []string{"blue"}, true},
		{"one too many", colours, []string{"blue", "red"}, false},
		{"none where none will do", few, nil, true},
		{"none where one is wanted", two, nil, false},
		{"two", two, []string{"blue", "red"}, true},
		{"three of two", two, []string{"blue", "red", "green"}, false},
		{"one twice", two, []string{"blue", "blue"}, false},
		{"what was not offered", colours, []string{"pink"}, false},
		{"nearly", colours, []string{"Red"}, false},
		{"nothing offered", stored{Values: []string{}}, []string{""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.of.offered(tt.values); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// What a broken store says is no verdict on a token.
func TestTokenWhileTheStoreIsBroken(t *testing.T) {
	b := newBot(t)
	token := mustSign(t, b, Action{Name: "pay", Once: true}, stored{})
	broken := errors.New("disk on fire")
	b.store.(*notes).spoil(broken)
	if _, err := b.open(t.Context(), token, ann, hall); !errors.Is(err, broken) {
		t.Errorf("open: got %v, want %v", err, broken)
	}
	if _, err := b.sign(t.Context(), Action{Name: "pay", Once: true}, hall, stored{}); !errors.Is(err, broken) {
		t.Errorf("sign: got %v, want %v", err, broken)
	}
}

func FuzzToken(f *testing.F) {
	b := newBot(f)
	made := map[string]bool{}
	for _, a := range []Action{{Name: "roll"}, {Name: "roll", Args: []string{"2", "d6"}}, {Name: "pay", Once: true}, {Name: "roll", Only: ann}} {
		token := mustSign(f, b, a, stored{}).Reveal()
		made[token] = true
		f.Add(token)
		f.Add(token[1:])
		f.Add(token + "A")
	}
	f.Add("")
	f.Add(strings.Repeat("A", maxToken))
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := b.open(t.Context(), seal.Secret(token), ann, hall); err == nil && !made[token] {
			t.Errorf("%q opens and was not made here", token)
		}
	})
}

func FuzzPack(f *testing.F) {
	f.Add("roll", "2", "d6", "", 0)
	f.Add("colour", "", "", "red", 1)
	f.Add("n", "a\x00b", strings.Repeat("x", 50), "\x01", 3)
	f.Fuzz(func(t *testing.T, name, one, two, picked string, n int) {
		b := &Bot{actions: map[string]Handler{}}
		if b.On(name, nil); len(b.wrong) > 0 {
			return // not the name of an action
		}
		in := stored{Name: name, Args: []string{one, two}[:n&1+n>>1&1]}
		if n&4 == 0 {
			in.Picked = &picked
		}
		what, fits := in.pack()
		if !fits {
			return
		}
		if len(what) == 0 || len(what) > maxWhat || strings.HasPrefix(what, inStore) {
			t.Fatalf("got %q, want 1 to %d bytes that point to no note", what, maxWhat)
		}
		out := unpack(what)
		if out.Name != in.Name || !slices.Equal(out.Args, in.Args) || value(out.Picked) != value(in.Picked) {
			t.Errorf("got %q %q %s, want %q %q %s", out.Name, out.Args, value(out.Picked), in.Name, in.Args, value(in.Picked))
		}
	})
}

func BenchmarkToken(b *testing.B) {
	bot, a := newBot(b), Action{Name: "roll", Args: []string{"2", "d6"}, Only: ann}
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := bot.sign(b.Context(), a, hall, stored{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	token := mustSign(b, bot, a, stored{})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := bot.open(b.Context(), token, ann, hall); err != nil {
				b.Fatal(err)
			}
		}
	})
}
