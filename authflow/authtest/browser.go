package authtest

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Browser is a person's browser: it keeps cookies, goes where answers lead, and sends
// the forms of pages as browsers do. It runs no scripts.
type Browser struct {
	client *http.Client
	Trail  []string // where it has been, the oldest first
}

// Page is what a Browser shows.
type Page struct {
	URL    string
	Status int
	Header http.Header
	Text   string // what a person reads, in one line
	body   string
	in     *Browser
}

// mostHops is how many redirects a browser follows.
const mostHops = 20

// NewBrowser opens a browser of somebody who has been nowhere. c reaches whatever
// there is to reach.
func NewBrowser(c *http.Client) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // without options there is nothing to go wrong
	}
	b := &Browser{client: &http.Client{Transport: c.Transport, Jar: jar}}
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) == mostHops {
			return errors.New("the page leads in circles")
		}
		b.Trail = append(b.Trail, r.URL.String())
		return nil
	}
	return b
}

// Open follows a link from elsewhere, such as a chat.
func (b *Browser) Open(link string) (Page, error) {
	req, err := http.NewRequest(http.MethodGet, link, nil)
	if err != nil {
		return Page{}, fmt.Errorf("open a link: %w", err)
	}
	req.Header.Set("Sec-Fetch-Site", "none")
	return b.load(req)
}

// Press sends the form that has a button of that name, with the fields as the page
// has them, or as given here by name.
func (p Page) Press(button string, fields map[string]string) (Page, error) {
	form, err := p.form(button)
	if err != nil {
		return Page{}, err
	}
	for name, value := range fields {
		form.values.Set(name, value)
	}
	to, err := url.Parse(p.URL)
	if err == nil {
		to, err = to.Parse(form.action)
	}
	if err != nil {
		return Page{}, fmt.Errorf("press %s: %w", button, err)
	}
	req, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(form.values.Encode()))
	if err != nil {
		return Page{}, fmt.Errorf("press %s: %w", button, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "null") // pages that send no referrer send no origin
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.in.load(req)
}

func (b *Browser) load(req *http.Request) (Page, error) {
	req.Header.Set("User-Agent", "Mozilla/5.0 (a person's)")
	req.Header.Set("Accept", "text/html")
	b.Trail = append(b.Trail, req.URL.String())
	resp, err := b.client.Do(req)
	if err != nil {
		return Page{}, fmt.Errorf("load a page: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Page{}, fmt.Errorf("load a page: %w", err)
	}
	return Page{
		URL: resp.Request.URL.String(), Status: resp.StatusCode, Header: resp.Header,
		Text: visible(string(body)), body: string(body), in: b,
	}, nil
}

// What is read of a page: of ours and of this server's, which are well-formed.
var (
	formTag   = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	inputTag  = regexp.MustCompile(`<input\b([^>]*)>`)
	buttonTag = regexp.MustCompile(`(?s)<button\b([^>]*)>(.*?)</button>`)
	attribute = regexp.MustCompile(`([\w-]+)(?:="([^"]*)")?`)
	unseen    = regexp.MustCompile(`(?s)<(head|style)\b.*?</(head|style)>`)
	inlineTag = regexp.MustCompile(`</?(strong|em|span)\b[^>]*>`)
	anyTag    = regexp.MustCompile(`<[^>]*>`)
)

func visible(body string) string {
	body = inlineTag.ReplaceAllString(unseen.ReplaceAllString(body, " "), "")
	body = anyTag.ReplaceAllString(body, " ")
	return strings.Join(strings.Fields(html.UnescapeString(body)), " ")
}

// pageForm is a form as it is sent when nobody changes anything.
type pageForm struct {
	action string
	values url.Values
}

func (p Page) form(button string) (pageForm, error) {
	for _, f := range formTag.FindAllStringSubmatch(p.body, -1) {
		i := slices.IndexFunc(buttonTag.FindAllStringSubmatch(f[2], -1), func(b []string) bool { return visible(b[2]) == button })
		if i < 0 {
			continue
		}
		form := pageForm{action: cmp.Or(attributes(f[1])["action"], p.URL), values: url.Values{}}
		form.add(attributes(buttonTag.FindAllStringSubmatch(f[2], -1)[i][1]))
		for _, in := range inputTag.FindAllStringSubmatch(f[2], -1) {
			a := attributes(in[1])
			if _, checked := a["checked"]; a["type"] != "radio" || checked {
				form.add(a)
			}
		}
		return form, nil
	}
	return pageForm{}, fmt.Errorf("no button %q on the page: %s", button, p.Text)
}

func (f pageForm) add(a map[string]string) {
	if a["name"] != "" {
		f.values.Set(a["name"], a["value"])
	}
}

func attributes(tag string) map[string]string {
	out := map[string]string{}
	for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
		out[a[1]] = html.UnescapeString(a[2])
	}
	return out
}
