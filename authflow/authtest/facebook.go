package authtest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const facebookLifetime = 60 * 24 * time.Hour // of an access token

// graphRefusal is an error of the graph. What it means is in its subcode, where
// it has one.
type graphRefusal struct {
	code, subcode int
	text          string
}

func (r graphRefusal) Error() string { return fmt.Sprintf("(#%d) %s", r.code, r.text) }

// body is the answer: members that say nothing are left out.
func (r graphRefusal) body() any {
	type inner struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    int    `json:"code"`
		Subcode int    `json:"error_subcode,omitempty"`
		Title   string `json:"error_user_title,omitempty"`
		Text    string `json:"error_user_msg,omitempty"`
		Trace   string `json:"fbtrace_id"`
	}
	no := inner{Message: r.Error(), Type: "OAuthException", Code: r.code, Subcode: r.subcode, Trace: "A" + newCode()[:10]}
	if r.subcode != 0 {
		no.Title, no.Text = "Device login", r.text
	}
	return struct {
		Error inner `json:"error"`
	}{no}
}

// graph answers in Facebook's dialect.
func (s *Server) graph(do func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !versioned.MatchString(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		answer, err := do(r)
		if err == nil {
			writeJSON(w, http.StatusOK, answer)
			return
		}
		no, ok := errors.AsType[graphRefusal](err)
		if !ok {
			no = graphRefusal{code: 100, text: err.Error()}
		}
		writeJSON(w, s.opt.FacebookStatus, no.body())
	}
}

// app guards an endpoint that apps post to with their own access token: their id
// and their client token. It belongs in the body.
func (s *Server) app(do func(c Client, f url.Values) (any, error)) http.HandlerFunc {
	return s.graph(func(r *http.Request) (any, error) {
		f, err := readForm(r)
		if err != nil {
			return nil, err
		}
		id, token, _ := strings.Cut(f.Get("access_token"), "|")
		c, known := s.registered(id)
		if !known || c.Token == "" || !same(token, c.Token) {
			return nil, graphRefusal{code: 190, text: "Invalid OAuth access token signature."}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return do(c, f)
	})
}

// beginFacebook is device/login. User codes have no dash.
func (s *Server) beginFacebook(c Client, f url.Values) (any, error) {
	if strings.Contains(f.Get("scope"), " ") {
		return nil, graphRefusal{code: 100, text: "Invalid scopes: separate them by commas."}
	}
	code, d := s.newDevice(FacebookToken, c, scopesIn(f.Get("scope")))
	d.shown = d.userCode
	return struct {
		Code      string `json:"code"`
		UserCode  string `json:"user_code"`
		URI       string `json:"verification_uri"`
		ExpiresIn int    `json:"expires_in"`
		Interval  int    `json:"interval"`
	}{code, d.shown, s.URL() + pagePath, int(s.opt.CodeLifetime / time.Second), int(s.opt.Interval / time.Second)}, nil
}

// redeemFacebook is device/login_status, one poll.
func (s *Server) redeemFacebook(c Client, f url.Values) (any, error) {
	d, is := s.poll(FacebookToken, c, f.Get("code"), "")
	switch is {
	case early:
		return nil, graphRefusal{17, 1349172, "Your device polls too often."}
	case refused:
		return nil, graphRefusal{31, 1349173, "The person declined to log in."}
	case pending:
		return nil, graphRefusal{31, 1349174, "The person has not yet entered the code."}
	case granted:
		token := "EAA" + newCode()
		ends := time.Now().Add(facebookLifetime)
		s.access[digestOf(token)] = &accessToken{grant: d.grant, expires: ends}
		return struct {
			Token     string `json:"access_token"`
			ExpiresIn int    `json:"expires_in"`
			DataUntil int64  `json:"data_access_expiration_time"`
		}{token, int(facebookLifetime / time.Second), ends.Unix()}, nil
	}
	return nil, graphRefusal{463, 1349152, "The code has expired, or was never given."}
}

// facebookUser says whose token it is. Only fields may be in its query.
func (s *Server) facebookUser(r *http.Request) (any, error) {
	q := r.URL.Query()
	fields := strings.Split(cmp.Or(q.Get("fields"), "id,name"), ",")
	q.Del("fields")
	u, ok := s.holder(FacebookToken, bearer(r))
	switch {
	case len(q) > 0:
		return nil, graphRefusal{code: 100, text: "The access token belongs in the Authorization header."}
	case !ok:
		return nil, graphRefusal{code: 190, text: "Error validating access token."}
	}
	me := map[string]string{"id": u.Subject}
	if slices.Contains(fields, "name") {
		me["name"] = cmp.Or(u.FullName, u.Name)
	}
	return me, nil
}

// revokeFacebook takes the app off a person's list.
func (s *Server) revokeFacebook(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[digestOf(bearer(r))]
	if t == nil || t.at != FacebookToken || t.dead || !time.Now().Before(t.expires) {
		return nil, graphRefusal{code: 190, text: "Error validating access token."}
	}
	s.withdraw(t.user)
	return map[string]bool{"success": true}, nil
}
