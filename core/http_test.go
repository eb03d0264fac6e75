package core

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

func TestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := newBot(t).Handler()
		check(t, before, http.MethodGet, "/healthz", http.StatusOK, "ok")
		check(t, before, http.MethodGet, "/readyz", http.StatusServiceUnavailable, "not running")

		w := newWire()
		w.paths = map[string]http.Handler{"/neutral/webhook": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "delivered by "+r.Method)
		})}
		h := host(t, w, nil)
		served := h.bot.Handler()
		check(t, served, http.MethodGet, "/readyz", http.StatusOK, "ok")
		check(t, served, http.MethodPost, "/neutral/webhook", http.StatusOK, "delivered by POST")
		check(t, served, http.MethodPost, "/readyz", http.StatusMethodNotAllowed, "Method Not Allowed")
		check(t, served, http.MethodGet, "/elsewhere", http.StatusNotFound, "404 page not found")

		h.end(t)
		check(t, served, http.MethodGet, "/healthz", http.StatusOK, "ok")
		check(t, served, http.MethodGet, "/readyz", http.StatusServiceUnavailable, "not running")
	})
}

func check(t *testing.T, h http.Handler, method, path string, status int, body string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
	if got := strings.TrimSpace(rec.Body.String()); rec.Code != status || got != body {
		t.Errorf("%s %s: got %d %q, want %d %q", method, path, rec.Code, got, status, body)
	}
}
