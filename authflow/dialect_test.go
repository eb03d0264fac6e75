package authflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestReply has a flow whose words are upside down.
func TestReply(t *testing.T) {
	turn := func(body []byte) []byte { return []byte(strings.ReplaceAll(string(body), "edoc", "device_code")) }
	post := func(w wire) Reply {
		t.Helper()
		r, err := Post(t.Context(), over(w), "https://auth.example/x", url.Values{"a": {"b"}}, "secret-marker")
		if err != nil {
			t.Fatal(err)
		}
		return r.Reword(turn)
	}
	g, err := post(says(400, formType, `{"edoc":"device-marker","user_code":"A B","verification_uri":"https://auth.example/"}`)).Grant()
	if err != nil || g.DeviceCode() != "device-marker" || g.Show.Code != "A B" || g.Every != 5*time.Second {
		t.Errorf("got %+v, %v, want the code and the usual pace", g, err)
	}
	a, err := post(says(200, jsonType, `{"error":"slow_down"}`)).Answer(g)
	if err != nil || a.Grant == nil || a.Grant.Every != 10*time.Second {
		t.Errorf("got %+v, %v, want a slower pace", a, err)
	}
	a, err = post(says(200, jsonType, `{"error":"x","error_description":"secret-marker"}`)).Answer(g)
	if err != nil || a.State != Failed || strings.Contains(a.Err.Error(), "marker") {
		t.Errorf("got %+v, %v, want a refusal without a secret", a, err)
	}
	_, err = post(says(503, htmlType, "edoc", "Retry-After", "42")).Answer(g)
	if later, ok := errors.AsType[*Later](err); !ok || later.After != 42*time.Second {
		t.Errorf("got %v, want a *Later of 42 s", err)
	}
	r := post(says(200, jsonType, `{"access_token":"token-marker"}`))
	text, err := json.Marshal(r)
	if got := fmt.Sprintf("%v %+v %#v %s", r, r, r, text); err != nil || strings.Contains(got, "marker") || !strings.Contains(got, "200") {
		t.Errorf("got %s, %v, want the status and nothing that was said", got, err)
	}
}

func TestPostStaysSecure(t *testing.T) {
	_, err := Post(t.Context(), over(says(200, jsonType, `{}`)), "http://auth.example/x", url.Values{"a": {"marker"}})
	if err == nil || strings.Contains(err.Error(), "marker") {
		t.Errorf("got %v, want an endpoint by http refused", err)
	}
}
