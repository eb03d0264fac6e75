package authflow

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

func TestNeed(t *testing.T) {
	good, over, refused := noon.Add(time.Hour), noon, need{refused: "access"}
	ahead := need{ahead: 7}
	tests := []struct {
		name    string
		need    need
		expires time.Time
		sent    bool // a refresh whose outcome is not known
		tries   int  // refreshes that have failed, the next one in a minute
		refresh string
		once    bool // the refresh token works once
		want    care
	}{
		{"good", need{}, good, false, 0, "refresh", true, useIt},
		{"good until who knows when", need{}, time.Time{}, false, 0, "refresh", true, useIt},
		{"good while a refresh is unclear", need{}, good, true, 1, "refresh", true, useIt},
		{"good while refreshes fail", need{}, good, false, 9, "refresh", true, useIt},
		{"over", need{}, over, false, 0, "refresh", true, refreshIt},
		{"over, and a refresh is unclear", need{}, over, true, 1, "refresh", true, refreshIt},
		{"over, and refreshes fail", need{}, over, false, 1, "refresh", true, backOff},
		{"over, and nothing to refresh it with", need{}, over, false, 0, "", true, signIn},
		{"refused", refused, good, false, 0, "refresh", true, refreshIt},
		{"refused, and a refresh is unclear", refused, good, true, 1, "refresh", true, refreshIt},
		{"refused, and refreshes fail", refused, good, false, 1, "refresh", true, backOff},
		{"refused, and nothing to refresh it with", refused, good, false, 0, "", true, useIt},
		{"refused, over, and nothing to refresh it with", refused, over, false, 0, "", true, signIn},
		{"refused was another", need{refused: "another"}, good, false, 0, "refresh", true, useIt},
		{"due", ahead, good, false, 0, "refresh", true, refreshIt},
		{"due, as a refresh that failed is again", ahead, good, false, 3, "refresh", true, refreshIt},
		{"due when over, as a refresh that failed is again", ahead, over, false, 3, "refresh", true, refreshIt},
		{"due, and a refresh is unclear", ahead, good, true, 1, "refresh", true, useItUp},
		{"due, and a refresh is unclear that can be sent again", ahead, good, true, 1, "refresh", false, refreshIt},
		{"due when over, and a refresh is unclear", ahead, over, true, 1, "refresh", true, refreshIt},
		{"due was another version", need{ahead: 6}, good, false, 0, "refresh", true, useIt},
		{"due was another version, which is over", need{ahead: 6}, over, false, 0, "refresh", true, refreshIt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Provider{Rotates: tt.once, Refresh: refreshing}
			row := store.Account{Version: 7, Tries: tt.tries, Refresh: noon.Add(time.Minute)}
			if tt.sent {
				row.RefreshSent = noon.Add(-time.Second)
			}
			token := Token{Access: "access", Refresh: seal.Secret(tt.refresh), Expires: tt.expires}
			if got := tt.need.of(row, token, p, noon); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			p.Refresh = nil
			if got := tt.need.of(row, token, p, noon); got != useIt && got != signIn {
				t.Errorf("got %d where the provider cannot refresh, want it used or the person to sign in", got)
			}
		})
	}
}

func TestNeedOfValidation(t *testing.T) {
	tests := []struct {
		name    string
		need    need
		expires time.Time
		sent    bool
		want    care
	}{
		{"not due", need{}, noon.Add(time.Hour), false, useIt},
		{"due", need{ahead: 7}, noon.Add(time.Hour), false, validateIt},
		{"due, good until who knows when", need{ahead: 7}, time.Time{}, false, validateIt},
		{"due, and soon over", need{ahead: 7}, noon.Add(time.Minute), false, refreshIt},
		{"due, and over", need{ahead: 7}, noon, false, refreshIt},
		{"due, and a refresh is unclear", need{ahead: 7}, noon.Add(time.Hour), true, useItUp},
		{"due, and found to be good no more", need{ahead: 7, refused: "access"}, noon.Add(time.Hour), false, refreshIt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Provider{Rotates: true, Refresh: refreshing, Validate: validating, ValidateEvery: time.Hour}
			row := store.Account{Version: 7, Tries: 3}
			if tt.sent {
				row.RefreshSent = noon.Add(-time.Second)
			}
			if got := tt.need.of(row, Token{Access: "access", Refresh: "refresh", Expires: tt.expires}, p, noon); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func validating(context.Context, *http.Client, Token) error { return nil }

func refreshing(context.Context, *http.Client, Token) (Token, error) { return Token{}, nil }

func TestCareAt(t *testing.T) {
	tests := []struct {
		name    string
		token   Token
		refresh bool
		every   time.Duration // validation; 0: never
		want    time.Duration // after noon; 0: never
	}{
		{"an hour", Token{Refresh: "r", Expires: noon.Add(time.Hour)}, true, 0, 59 * time.Minute},
		{"five minutes", Token{Refresh: "r", Expires: noon.Add(5 * time.Minute)}, true, 0, 4 * time.Minute},
		{"a minute", Token{Refresh: "r", Expires: noon.Add(time.Minute)}, true, 0, 48 * time.Second},
		{"no time known", Token{Refresh: "r"}, true, 0, 0},
		{"no refresh token", Token{Expires: noon.Add(time.Hour)}, true, 0, 0},
		{"validated before the end", Token{Refresh: "r", Expires: noon.Add(4 * time.Hour)}, true, time.Hour, time.Hour},
		{"refreshed before the validation", Token{Refresh: "r", Expires: noon.Add(time.Hour)}, true, time.Hour, 59 * time.Minute},
		{"validated for ever", Token{}, true, time.Hour, time.Hour},
		{"validated while it lasts", Token{Expires: noon.Add(61 * time.Minute)}, true, time.Hour, time.Hour},
		{"not validated after its end", Token{Expires: noon.Add(time.Hour)}, true, time.Hour, 0},
		{"a provider that cannot", Token{Refresh: "r", Expires: noon.Add(time.Hour)}, false, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p Provider
			if tt.refresh {
				p.Refresh = refreshing
			}
			if tt.every > 0 {
				p.Validate, p.ValidateEvery = validating, tt.every
			}
			var want time.Time
			if tt.want > 0 {
				want = noon.Add(tt.want)
			}
			if got := p.careAt(tt.token, noon); !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
