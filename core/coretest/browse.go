package coretest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usherbot/usher/authflow/authtest"
)

// What is known of the bot's pages: where its links lead, what its buttons are
// called, and how digits look.
var (
	startLink   = regexp.MustCompile(`https?://[^\s"]+/oauth/start/[\w-]+`)
	pageDigits  = regexp.MustCompile(`\b([0-9]{3}) ([0-9]{3})\b`)
	pressOnward = "Continue to "
)

// window is a person's browser and what it shows.
type window struct {
	browser *authtest.Browser
	page    authtest.Page
	digits  string // last shown
}

// startLink is the link to a login in a browser that m has, if it has one.
func (m Seen) startLink() string { return startLink.FindString(m.Text + " " + m.hides()) }

// window is the browser of who.
func (p *play) window(who string) (*window, error) {
	if p.Browse == nil {
		return nil, errors.New("there are no browsers")
	}
	if p.windows[who] == nil {
		p.windows[who] = &window{browser: p.Browse()}
	}
	return p.windows[who], nil
}

// show has a window show a page.
func (p *play) show(who string, w *window, page authtest.Page) {
	w.page = page
	p.tell(fmt.Sprintf("  %s's browser shows: %s", who, page.Text))
	if m := pageDigits.FindStringSubmatch(page.Text); m != nil {
		w.digits = m[1] + m[2]
		p.digits = w.digits
	}
}

// open does what a person does with a link: looks at it, or goes on to the provider
// and decides there.
func (p *play) open(a args) error {
	if err := p.ready(); err != nil {
		return err
	}
	whose := a["whose"]
	if whose == "" {
		whose = a["who"]
	}
	link, err := p.link(whose)
	if err != nil {
		return err
	}
	w, err := p.window(a["who"])
	if err != nil {
		return err
	}
	page, err := w.browser.Open(link)
	if err == nil && a["what"] != "" {
		page, err = goOn(page, a)
	}
	if err != nil {
		return err
	}
	p.show(a["who"], w, page)
	return p.look()
}

// goOn presses the buttons on our page and on the provider's.
func goOn(page authtest.Page, a args) (authtest.Page, error) {
	i := strings.Index(page.Text, pressOnward)
	if i < 0 {
		return page, fmt.Errorf("nothing to go on with on the page: %s", page.Text)
	}
	title, _, _ := strings.Cut(page.Text[i+len(pressOnward):], " ")
	page, err := page.Press(pressOnward+title, nil)
	if err != nil {
		return page, err
	}
	account := a["account"]
	if account == "" {
		account = a["who"]
	}
	if a["what"] == "declines" {
		return page.Press("Deny", nil)
	}
	return page.Press("Approve", map[string]string{"other": account})
}

// link is the link that was last shown to who.
func (p *play) link(who string) (string, error) {
	for _, d := range slices.Backward(p.shown) {
		if link := d.seen.startLink(); link != "" && slices.Contains(d.to, who) {
			return link, nil
		}
	}
	return "", fmt.Errorf("no link was shown to %s", who)
}

func (p *play) reload(a args) error {
	w, err := p.window(a["who"])
	if err != nil {
		return err
	}
	page, err := w.browser.Open(w.page.URL)
	if err != nil {
		return err
	}
	p.show(a["who"], w, page)
	return p.look()
}

func (p *play) expectPage(a args) error {
	w, err := p.window(a["who"])
	if err == nil && !wild(a["text"]).MatchString(w.page.Text) {
		err = fmt.Errorf("it shows: %s", w.page.Text)
	}
	return err
}

// typed is what who types where a line has digits in it.
func (p *play) typed(who, text string) string {
	digits := p.digits
	if w := p.windows[who]; w != nil && w.digits != "" {
		digits = w.digits
	}
	if digits == "" {
		return text
	}
	last := len(digits) - 1
	wrong := digits[:last] + string('0'+(digits[last]-'0'+1)%10)
	return strings.NewReplacer("<digits>", digits, "<wrong digits>", wrong).Replace(text)
}
