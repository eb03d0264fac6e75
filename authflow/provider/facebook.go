package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/seal"
)

const (
	facebookHome  = "https://www.facebook.com"
	facebookGraph = "https://graph.facebook.com/v23.0"
)

// Facebook is Facebook Login for Devices, at the graph of a's Base, which ends in
// its version. The app needs "Login from Devices" switched on and its client
// token, never its secret. Who is somebody else in each app: ids differ.
func Facebook(a App) (authflow.Provider, error) {
	a.Name, a.Kind = cmp.Or(a.Name, "facebook"), "facebook"
	if err := a.checkFacebook().of(a); err != nil {
		return authflow.Provider{}, err
	}
	graph := cmp.Or(root(a.Base), facebookGraph)
	f := facebook{App: a, issuer: issuerOf(graph), at: a.endpoints().or(metadata{
		Device: graph + "/device/login", Token: graph + "/device/login_status", Userinfo: graph + "/me", Revoke: graph + "/me/permissions",
	})}
	return authflow.Provider{
		Name: a.Name, Title: cmp.Or(a.Title, "Facebook"), Issuer: f.issuer,
		StartLimit:  a.StartLimit,
		Flows:       []authflow.Flow{f},
		Hosts:       a.hosts(a.APIHosts, graph),
		VerifyHosts: a.hosts(a.VerifyHosts, facebookHome, a.Base),
		Manage:      facebookHome + "/settings?tab=business_tools",
		Who:         f.who,
		Revoke:      f.revoke,
	}, nil
}

func (a App) checkFacebook() Mistakes {
	// The app secret does no harm, and no login needs it.
	m := a.check("CLIENT_ID", "CLIENT_SECRET", "CLIENT_TOKEN", "SCOPES", "BASE_URL")
	m = append(m, preset{root: facebookGraph, uses: []string{"BASE_URL"}}.checkRoots(a)...)
	if a.Flow == inBrowser {
		m.addf("FLOW", "is browser, and Facebook has another way here: choose device")
	}
	if a.ClientToken == "" {
		m.addf("CLIENT_TOKEN", "is missing: give the client token of the app, which its dashboard shows under Settings, Advanced")
	}
	return m
}

// issuerOf is the same for all versions of the graph, so that accounts outlive
// them; a graph elsewhere is another issuer.
func issuerOf(graph string) string {
	u, err := url.Parse(graph)
	if err != nil || u.Host == "graph.facebook.com" {
		return facebookHome
	}
	return u.Scheme + "://" + u.Host
}

// facebook is the Flow of Login for Devices: older than RFC 8628, and like it but
// for the words.
type facebook struct {
	App    App // exported, so that fmt hides its secrets
	issuer string
	at     metadata
}

// Name implements authflow.Flow.
func (facebook) Name() string { return "facebook" }

// Begin implements authflow.Flow.
func (f facebook) Begin(ctx context.Context, c *http.Client, a authflow.Ask) (authflow.Grant, error) {
	scopes := sorted(slices.Concat(f.App.Scopes, a.Scopes))
	form := f.form(f.App.DeviceParams)
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, ","))
	}
	r, err := authflow.Post(ctx, c, f.at.Device, form, f.App.ClientToken)
	if err != nil {
		return authflow.Grant{}, err
	}
	g, err := r.Reword(rfcWords).Grant()
	if err != nil {
		return authflow.Grant{}, err
	}
	g.Scopes, g.Show.FullURL = scopes, prefilled(g.Show)
	return g, nil
}

// Next implements authflow.Flow.
func (f facebook) Next(ctx context.Context, c *http.Client, g authflow.Grant, _ url.Values) (authflow.Answer, error) {
	form := f.form(f.App.TokenParams)
	form.Set("code", g.DeviceCode().Reveal())
	r, err := authflow.Post(ctx, c, f.at.Token, form, f.App.ClientToken, g.DeviceCode(), seal.Secret(g.Show.Code))
	if err != nil {
		return authflow.Answer{}, err
	}
	return r.Reword(rfcWords).Answer(g)
}

// form has the app's own access token and more. It is for the body: in a URL
// the token would end up in logs.
func (f facebook) form(more url.Values) url.Values {
	form := url.Values{}
	maps.Copy(form, more)
	form.Set("access_token", f.App.ID+"|"+f.App.ClientToken.Reveal())
	return form
}

// prefilled is the page with the code in it, the one vendor's URL that may be
// made here: Facebook documents it.
func prefilled(s authflow.Show) string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("user_code", s.Code)
	u.RawQuery = q.Encode()
	return u.String()
}

// who implements authflow.Provider.Who.
func (f facebook) who(ctx context.Context, c *http.Client, t authflow.Token) (authflow.Identity, error) {
	at, err := url.Parse(f.at.Userinfo)
	if err != nil {
		return authflow.Identity{}, err
	}
	q := at.Query()
	q.Set("fields", "id,name")
	at.RawQuery = q.Encode()
	return account{id: []string{"id"}, name: []string{"name"}}.of(ctx, c, t, at.String(), nil, f.issuer)
}

// revoke implements authflow.Provider.Revoke: it takes the app off the person's
// list. There is no refreshing here.
func (f facebook) revoke(ctx context.Context, c *http.Client, t authflow.Token) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, f.at.Revoke, nil)
	if err != nil {
		return errors.New("revocation: the endpoint makes no valid URL")
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	var said struct {
		Success any `json:"success"`
	}
	if err := authflow.FetchJSON(c, req, &said); err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	if said.Success != true {
		return errors.New("revoke: it was not called a success")
	}
	return nil
}
