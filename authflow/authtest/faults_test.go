package authtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// fetch returns status, type, Retry-After and body, or what went wrong.
func (a app) fetch(ctx context.Context) (string, error) {
	res, err := a.http.Do(a.request(authtest.Token, "client_id", "app").WithContext(ctx))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	text := res.Status + " " + res.Header.Get("Content-Type") + " " + res.Header.Get("Retry-After") + " " + string(body)
	return text[:min(len(text), 60)], err
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault stand.Fault
		want  string
		err   error
	}{
		{"slow down", authtest.SlowDown(), `400 Bad Request application/json  {"error":"slow_down"}`, nil},
		{"slow down to", authtest.SlowDownTo(30 * time.Second), `200 OK application/json  {"error":"slow_down","interval":30}`, nil},
		{"unavailable", authtest.Unavailable(0), "503 Service Unavailable text/plain  unavailable", nil},
		{"unavailable for a while", authtest.Unavailable(20 * time.Second), "503 Service Unavailable text/plain 20 unavailable", nil},
		{"gateway", stand.HTML(502), "502 Bad Gateway text/html; charset=utf-8  <!doctype html><ti", nil},
		{"portal", stand.HTML(200), "200 OK text/html; charset=utf-8  <!doctype html><title>200 O", nil},
		{"custom", stand.Custom(418, "text/tea", "no"), "418 I'm a teapot text/tea  no", nil},
		{"cut", authtest.CutBody(), `200 OK application/json  {"access_token":"`, io.ErrUnexpectedEOF},
		{"hang", stand.Hang(), "", context.DeadlineExceeded},
		{"drop", stand.Drop(), "", io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, authtest.Options{}, func(a app) {
				a.srv.Break(authtest.Token, tt.fault)
				ctx, cancel := context.WithTimeout(a.Context(), 10*time.Second)
				defer cancel()
				if got, err := a.fetch(ctx); got != tt.want || !errors.Is(err, tt.err) {
					a.Errorf("got %q, %v, want %q, %v", got, err, tt.want, tt.err)
				}
				a.want(a.post(authtest.Token, "client_id", "app"), "invalid_request") // well again
			})
		})
	}
}

func TestFaultsInOrder(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		a.srv.Break(authtest.Token, authtest.Unavailable(0), authtest.SlowDown())
		a.srv.Break(authtest.Token, stand.HTML(502))
		a.begin() // another endpoint is well
		for _, want := range []int{503, 400, 502, 400} {
			if got := a.post(authtest.Token, "client_id", "app"); got.status != want {
				a.Errorf("got %d, want %d", got.status, want)
			}
		}
	})
}

func TestStop(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		d := a.begin()
		a.srv.Stop()
		time.Sleep(20 * time.Second)
		if got, err := a.fetch(a.Context()); !errors.Is(err, io.EOF) {
			a.Errorf("while stopped: got %q, %v, want io.EOF", got, err)
		}
		a.srv.Resume()
		a.want(a.poll(d), "authorization_pending")
		if got := a.srv.Requests(authtest.Token); len(got) != 2 || got[1].Form.Get("device_code") != d.DeviceCode {
			a.Errorf("Requests: got %v, want both polls", got)
		}
	})
}

func TestRequestsKnowWhen(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		d := a.begin()
		time.Sleep(5 * time.Second)
		a.poll(d)
		time.Sleep(7 * time.Second)
		a.poll(d)
		res, err := a.http.Get(a.srv.URL() + "/nowhere?x=1")
		if err != nil {
			a.Fatal(err)
		}
		res.Body.Close()
		polls := a.srv.Requests(authtest.Token)
		if len(polls) != 2 || polls[1].At.Sub(polls[0].At) != 7*time.Second {
			a.Fatalf("polls: got %v, want two, 7 s apart", polls)
		}
		all := a.srv.Requests()
		last := all[len(all)-1]
		if len(all) != 4 || last.Method != http.MethodGet || last.Path != "/nowhere" || last.Query.Get("x") != "1" {
			a.Errorf("Requests: got %v, want the lost one last", all)
		}
	})
}

func TestBodyLimit(t *testing.T) {
	bubble(t, authtest.Options{}, func(a app) {
		got := a.post(authtest.Token, "client_id", string(make([]byte, 64<<10)))
		if got.status != http.StatusRequestEntityTooLarge {
			a.Errorf("got %d, want 413", got.status)
		}
	})
}
