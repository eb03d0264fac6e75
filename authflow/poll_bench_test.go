package authflow

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// waiting is a transport whose other side always says that the person has not
// approved yet.
type waiting struct{}

func (waiting) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusBadRequest, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}},
		Body:   io.NopCloser(strings.NewReader(`{"error":"authorization_pending","error_description":"The person has not approved yet."}`)),
	}, nil
}

// BenchmarkNext is what a poll costs beside the network.
func BenchmarkNext(b *testing.B) {
	d := Device{TokenURL: "https://login.example.com/token", ClientID: "client"}
	c := NewClient(&http.Client{Transport: waiting{}})
	began := time.Now()
	g := Grant{Secret: pending{device: "a-device-code-of-a-usual-length-0123456789", verifier: newVerifier(), began: began}.pack(), Expires: began.Add(time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), requestTimeout)
		a, err := d.Next(ctx, c, g, nil)
		cancel()
		if err != nil || a.State != Waiting {
			b.Fatalf("got %v, %v, want waiting", a, err)
		}
	}
}
