package core

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"github.com/usherbot/usher/authflow"
)

func TestQRCode(t *testing.T) {
	const page, whole = "https://demo.example/go", "https://demo.example/go?code=" + userCode
	b := cardBot(t)
	seen, blind := &port{caps: Caps{Images: true}}, &port{}
	tests := []struct {
		name   string
		on     *port
		set    func(*authflow.Login, *thread)
		button bool
		link   string // that is shown; empty: none
	}{
		{"offered", seen, func(*authflow.Login, *thread) {}, true, ""},
		{"not where there are no images", blind, func(*authflow.Login, *thread) {}, false, ""},
		{"shown", seen, func(_ *authflow.Login, t *thread) { t.QR = true }, false, whole},
		{"shown, with the plain link", seen, func(l *authflow.Login, t *thread) { l.Show.FullURL, t.QR = "", true }, false, page},
		{"offered for a browser", seen, func(l *authflow.Login, _ *thread) {
			l.Flow, l.ByLink, l.Show = "browser", true, authflow.Show{URL: page}
		}, true, ""},
		{"shown for a browser", seen, func(l *authflow.Login, t *thread) { l.ByLink, l.Show, t.QR = true, authflow.Show{URL: page}, true }, false, page},
		{"of a link that is too long", seen, func(l *authflow.Login, t *thread) { l.Show.FullURL, t.QR = page+strings.Repeat("x", 3000), true }, false, ""},
		{"gone with the code", seen, func(l *authflow.Login, t *thread) { l.State, t.QR = authflow.Expired, true }, false, ""},
		{"gone when it was used", seen, func(l *authflow.Login, t *thread) { l.State, t.QR = authflow.Granted, true }, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			login := authflow.Login{
				ID: "0123456789012345678901", Provider: "demo", State: authflow.Waiting, Expires: time.Now().Add(time.Minute),
				Show: authflow.Show{URL: page, Code: userCode, FullURL: whole},
			}
			on := thread{User: ann}
			tt.set(&login, &on)
			m := b.shown(tt.on, login, on)
			if got := strings.Contains(sketch(m), "[QR code] [Cancel]"); got != tt.button {
				t.Errorf("got %s, want the button: %v", sketch(m), tt.button)
			}
			checkCardButtons(t, tt.name, b, m, login)
			if (m.Image != nil) != (tt.link != "") {
				t.Fatalf("got the image %v, want one: %v", m.Image, tt.link != "")
			}
			if m.Image != nil {
				checkQRCode(t, *m.Image, tt.link, login.Expires)
			}
		})
	}
}

func checkQRCode(t *testing.T, i Image, link string, until time.Time) {
	t.Helper()
	want, err := qr.Encode(link, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(i.Data))
	if err != nil || size.Width < 200 || size.Width != size.Height {
		t.Errorf("got a picture of %d × %d, %v, want a square that can be scanned", size.Width, size.Height, err)
	}
	if !bytes.Equal(i.Data, want.PNG()) || i.Alt != "QR code of the link to Demo" || !i.Until.Equal(until) {
		t.Errorf("got %q, until %v, want the QR code of %s, until %v", i.Alt, i.Until, link, until)
	}
}
