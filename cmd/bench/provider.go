package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// clientID is how all subjects call themselves.
const clientID = "bench"

// The provider's addresses. The last four are for who runs the benchmark.
const (
	atDevice   = "/device"
	atToken    = "/token"
	atUserinfo = "/userinfo"
	atWatch    = "/watch"
	atCount    = "/count"
	atGrant    = "/grant"
	atVerdict  = "/verdict"
)

// authServer is an authorization server as far as logins need one. It reads requests
// by net/http and writes its answers itself: a http.Server costs as much as what
// is measured, on the same cores.
type authServer struct {
	*judge
	url string
}

// runProvider listens on loopback until ctx ends.
func runProvider(ctx context.Context, every time.Duration, begin teller) error {
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := authServer{newJudge(every), "http://" + at.Addr().String()}
	defer context.AfterFunc(ctx, func() { at.Close() })()
	begin(hello{s.url}, atOnce)
	for {
		conn, err := at.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go s.converse(conn)
	}
}

// converse answers what comes on conn until its other side has enough.
func (s authServer) converse(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReader(conn), []byte(nil)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return
		}
		a := s.answer(req, form)
		out = a.append(out[:0])
		sent := time.Now()
		_, err = conn.Write(out)
		if req.URL.Path == atToken {
			s.sent(form.Get("device_code"), sent)
		}
		if err != nil {
			return
		}
	}
}

// answer is an answer over HTTP.
type answer struct {
	status int
	body   string
}

// append adds a to out as it is sent, with the headers of RFC 6749 section 5.1.
func (a answer) append(out []byte) []byte {
	return fmt.Appendf(out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nPragma: no-cache\r\nContent-Length: %d\r\n\r\n%s",
		a.status, http.StatusText(a.status), len(a.body), a.body)
}

func (s authServer) answer(req *http.Request, form url.Values) answer {
	switch req.URL.Path {
	case atToken:
		return s.token(form.Get("device_code"))
	case atDevice:
		return s.device()
	case atUserinfo:
		return userinfo(req.Header.Get("Authorization"))
	case atWatch:
		wait, err := time.ParseDuration(form.Get("wait"))
		if err != nil {
			return answer{http.StatusBadRequest, `{"error":"invalid_request"}`}
		}
		s.watch(time.Now().Add(wait))
	case atGrant:
		rate, err := strconv.Atoi(form.Get("rate"))
		if err != nil {
			return answer{http.StatusBadRequest, `{"error":"invalid_request"}`}
		}
		s.grant(time.Now(), rate)
	case atCount:
		return s.count(time.Now()).answer()
	case atVerdict:
		return s.verdict(time.Now()).answer()
	default:
		return answer{http.StatusNotFound, `{"error":"not_found"}`}
	}
	return answer{http.StatusOK, `{}`}
}

func (v verdict) answer() answer {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{http.StatusInternalServerError, `{"error":"server_error"}`}
	}
	return answer{http.StatusOK, string(body)}
}

// token answers a poll (RFC 8628 section 3.5).
func (s authServer) token(device string) answer {
	refused := s.poll(device, time.Now())
	if refused == granted {
		return answer{http.StatusOK, `{"access_token":"` + tokenOf(device) + `","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-` + device + `"}`}
	}
	return answer{http.StatusBadRequest, `{"error":"` + refused + `","error_description":"The request for a token was not granted."}`}
}

// device answers a request for a code (RFC 8628 section 3.2).
func (s authServer) device() answer {
	name := s.issue(time.Now())
	return answer{http.StatusOK, fmt.Sprintf(`{"device_code":%q,"user_code":"WDJB-MJHT","verification_uri":%q,"expires_in":3600,"interval":%d}`,
		name, s.url+"/enter", s.every/time.Second)}
}

// tokenOf is the token for a device code. It tells whose it is.
func tokenOf(device string) string { return "token-for-" + device }

func userinfo(authorization string) answer {
	device, ok := strings.CutPrefix(authorization, "Bearer "+tokenOf(""))
	if !ok {
		return answer{http.StatusUnauthorized, `{"error":"invalid_token"}`}
	}
	return answer{http.StatusOK, `{"sub":"person-of-` + device + `","name":"Somebody"}`}
}
