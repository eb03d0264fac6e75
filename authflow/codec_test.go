package authflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

func testKeys(t *testing.T, secret seal.Secret) seal.Keys {
	t.Helper()
	k, err := seal.NewKeys(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const operator = "an operator's secret for tests, long enough"

var (
	fullGrant = Grant{
		Show:   Show{URL: "https://a.example/d", Code: "WDJB-MJHT", FullURL: "https://a.example/d?c=WDJB-MJHT"},
		Secret: "device-marker", Scopes: []string{"openid", "repo"}, Every: 7 * time.Second, Slowed: true, Hold: true, Expires: noon.Add(time.Hour),
	}
	fullToken = Token{
		Access: "access-marker", Refresh: "refresh-marker", Type: "Bearer", Scopes: []string{"openid"}, Expires: noon.Add(time.Minute),
	}
)

// full fails for a field that the tests below would not notice to be lost.
func full(t *testing.T, v any) {
	t.Helper()
	r := reflect.ValueOf(v)
	for i := range r.NumField() {
		if r.Field(i).IsZero() {
			t.Fatalf("%T.%s is not set in this test", v, r.Type().Field(i).Name)
		}
		if r.Field(i).Kind() == reflect.Struct && r.Field(i).Type() != reflect.TypeFor[time.Time]() {
			full(t, r.Field(i).Interface())
		}
	}
}

func TestBlobsComeBack(t *testing.T) {
	full(t, fullGrant)
	full(t, fullToken)
	l := &Logins{keys: testKeys(t, operator)}
	row := store.Login{ID: "id", Person: "alice"}
	all := revealGrant(fullGrant, &fullToken, noon)
	all.Leaves, all.Back, all.Digits = 2, []byte("hash"), "123456"
	full(t, all)
	row.Sealed = l.sealSecrets(row, all)
	s, err := l.openSecrets(row)
	if err != nil || !reflect.DeepEqual(s, all) {
		t.Fatalf("got %v back, want all of what was sealed", err)
	}
	if got := s.grant(); !reflect.DeepEqual(got, fullGrant) {
		t.Errorf("got another grant back: %+v, want %+v", got, fullGrant)
	}
	if got := s.Token.token(); !reflect.DeepEqual(got, fullToken) || !s.Since.Equal(noon) {
		t.Errorf("got another token back: %+v of %v, want %+v", got, s.Since, fullToken)
	}
	o := origin{
		Scopes: []string{"a"}, Had: []string{"c"}, Missing: []string{"b"}, Why: Refused, Dropped: true, Revoked: true,
		ByLink: true, NoCode: true, Digits: true, Wrong: 1, Asker: "alice on Chat",
		Who: Identity{Issuer: "i", Subject: "s", Name: "n", URL: "u"}, Core: []byte("card"), Moved: []byte("card above"),
	}
	full(t, o)
	row.Origin = l.sealOrigin(row, o)
	if got, err := l.openOrigin(row); err != nil || !reflect.DeepEqual(got, o) {
		t.Errorf("got %+v, %v, want %+v", got, err, o)
	}
	for _, blob := range [][]byte{row.Sealed, row.Origin} {
		for _, marker := range []string{"marker", "WDJB", "card", seal.Secret("").String()} {
			if bytes.Contains(blob, []byte(marker)) {
				t.Errorf("a blob shows %s in clear", marker)
			}
		}
	}
}

// TestBlobsRevealSecrets looks at what is sealed: a redacted secret would be lost.
func TestBlobsRevealSecrets(t *testing.T) {
	for _, v := range []any{revealGrant(fullGrant, &fullToken, noon), revealToken(fullToken)} {
		b, err := json.Marshal(v)
		if err != nil || bytes.Contains(b, []byte("redacted")) || !bytes.Contains(b, []byte("refresh-marker")) {
			t.Errorf("got a redacted %T, %v", v, err)
		}
	}
	var back Token
	b, err := json.Marshal(fullToken)
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err == nil || strings.Contains(string(b), "marker") {
		t.Errorf("got a token of %s, %v, want an error for one that went through a general encoder", b, err)
	}
}

func TestBlobsStayInTheirPlace(t *testing.T) {
	l := &Logins{keys: testKeys(t, operator)}
	row := store.Login{ID: "id", Person: "alice"}
	row.Sealed = l.sealSecrets(row, revealGrant(fullGrant, nil, time.Time{}))
	row.Origin = l.sealOrigin(row, origin{})
	tests := []struct {
		name   string
		change func(l *Logins, row *store.Login)
		want   error
	}{
		{"another row", func(_ *Logins, row *store.Login) { row.ID = "other" }, seal.ErrBroken},
		{"another person", func(_ *Logins, row *store.Login) { row.Person = "bob" }, seal.ErrBroken},
		{"another column", func(_ *Logins, row *store.Login) { row.Sealed, row.Origin = row.Origin, row.Sealed }, seal.ErrBroken},
		{"nothing", func(_ *Logins, row *store.Login) { row.Sealed, row.Origin = nil, nil }, seal.ErrBroken},
		{"another secret", func(l *Logins, _ *store.Login) { l.keys = testKeys(t, "another operator's secret, as long as that") }, seal.ErrWrongKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, row := &Logins{keys: l.keys}, row
			tt.change(l, &row)
			_, secretsErr := l.openSecrets(row)
			_, originErr := l.openOrigin(row)
			_, viewErr := l.view(row)
			for _, err := range []error{secretsErr, originErr, viewErr} {
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			}
		})
	}
	t.Run("no JSON", func(t *testing.T) {
		row.Sealed = l.keys.Seal([]byte("device-marker"), store.InLogin, row.ID, row.Person)
		if _, err := l.openSecrets(row); err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want an error that quotes nothing", err)
		}
	})
}

func TestSecretsDoNotPrint(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb+verb, fullGrant, fullToken)
		if strings.Contains(text, "-marker") {
			t.Errorf("%s shows a secret: %s", verb, text)
		}
	}
}

func TestMissingAndUnion(t *testing.T) {
	if got := fmt.Sprint(missing([]string{"a", "b", "c"}, []string{"b"})); got != "[a c]" {
		t.Errorf("got %s, want [a c]", got)
	}
	if got := fmt.Sprint(union([]string{"c", "a"}, []string{"b", "a"})); got != "[a b c]" {
		t.Errorf("got %s, want [a b c]", got)
	}
}
