package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/core/seal"
)

const (
	secret = "a secret that is long enough for a test"
	token  = "123456:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
)

// least is an environment that is enough, and more.
func least(more ...string) []string {
	return append([]string{"USHER_SECRET=" + secret, "TELEGRAM_TOKEN=" + token}, more...)
}

// written is a file of settings that says so.
func written(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "settings.env")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(t *testing.T, environ []string, file string) Config {
	t.Helper()
	t.Chdir(t.TempDir())
	c, err := Load(environ, file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c := load(t, least(), "")
	for _, tt := range []struct{ name, got, want string }{
		{"store", c.Store.Name.Reveal(), "usher.db"},
		{"listen", c.Listen, "127.0.0.1:8080"},
		{"metrics", c.Metrics, ""},
		{"public URL", c.PublicURL, ""},
		{"log", c.Log + " " + c.Level, "text info"},
		{"telegram", string(c.Telegram.Mode) + " " + c.Telegram.APIBase, "auto https://api.telegram.org"},
		{"token", c.Telegram.Token.Reveal(), token},
		{"secret", c.Secret.Reveal(), secret},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if len(c.Providers) != 0 {
		t.Errorf("got %d providers, want none", len(c.Providers))
	}
}

func TestStoreIsNotPrinted(t *testing.T) {
	const url = "postgres://usher:hunter2@db/usher"
	c := load(t, least("USHER_STORE="+url), "")
	if c.Store.Name.Reveal() != url {
		t.Errorf("got %q, want %q", c.Store.Name.Reveal(), url)
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(printed, "hunter2") {
		t.Errorf("got the password in %s", printed)
	}
}

func TestPublicURL(t *testing.T) {
	for _, tt := range []struct {
		name         string
		environ      []string
		base, listen string
	}{
		{"plain", []string{"USHER_PUBLIC_URL=https://bot.example.com"}, "https://bot.example.com", ":8080"},
		{"slash", []string{"USHER_PUBLIC_URL=https://bot.example.com/"}, "https://bot.example.com", ":8080"},
		{"path", []string{"USHER_PUBLIC_URL=https://example.com/bot/"}, "https://example.com/bot", ":8080"},
		{"listen given", []string{"USHER_PUBLIC_URL=https://bot.example.com", "USHER_LISTEN=127.0.0.1:9"}, "https://bot.example.com", "127.0.0.1:9"},
		{"loopback", []string{"USHER_PUBLIC_URL=http://127.0.0.1:1", "TELEGRAM_MODE=polling"}, "http://127.0.0.1:1", ":8080"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := load(t, least(tt.environ...), "")
			if c.PublicURL != tt.base || c.Telegram.PublicURL != tt.base {
				t.Errorf("got %q, for Telegram %q, want %q", c.PublicURL, c.Telegram.PublicURL, tt.base)
			}
			if c.Listen != tt.listen {
				t.Errorf("got %q to listen on, want %q", c.Listen, tt.listen)
			}
		})
	}
}

func TestFile(t *testing.T) {
	file := written(t, "# mine", "USHER_SECRET='"+secret+"'", "export TELEGRAM_TOKEN="+token, "USHER_LOG=json", "USHER_STORE=a.db", "USHER_LOG_LEVEL=debug")
	c := load(t, []string{"USHER_STORE=b.db", "USHER_LOG="}, file)
	got := []string{c.Secret.Reveal(), c.Telegram.Token.Reveal(), c.Store.Name.Reveal(), c.Log, c.Level}
	if want := []string{secret, token, "b.db", "text", "debug"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUsualFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile(".env", []byte("USHER_STORE=mine.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(least(), "")
	if err != nil || c.Store.Name.Reveal() != "mine.db" {
		t.Errorf("got %q and %v, want mine.db", c.Store.Name.Reveal(), err)
	}
}

func TestProviders(t *testing.T) {
	c := load(t, least(
		"USHER_PROVIDERS= github, acme-id ,work-hub,",
		"GITHUB_CLIENT_ID=hub", "GITHUB_SCOPES=read:user  repo",
		"ACME_ID_ISSUER=https://login.acme.example", "ACME_ID_CLIENT_ID=app", "ACME_ID_CLIENT_SECRET=s3cr3t", "ACME_ID_TITLE=Acme",
		"WORK_HUB_KIND=github", "WORK_HUB_CLIENT_ID=ours", "WORK_HUB_BASE_URL=https://hub.work.example",
	), "")
	var got []string
	for _, p := range c.Providers {
		got = append(got, p.Name+" "+p.Title+" "+p.Issuer)
	}
	want := []string{"github GitHub https://github.com", "acme-id Acme https://login.acme.example", "work-hub GitHub https://hub.work.example"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if printed := fmt.Sprintf("%+v %#v", c, c); strings.Contains(printed, "s3cr3t") || strings.Contains(printed, secret) {
		t.Error("the printed Config has a secret in it")
	}
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		file    []string
		want    []string // a line each; * stands for any end
	}{
		{
			name: "nothing is set",
			want: []string{
				"USHER_SECRET: is missing. Print one with: usher secret",
				"TELEGRAM_TOKEN: is missing, and so are DISCORD_TOKEN and SLACK_BOT_TOKEN. Give one at least: a bot needs a platform",
			},
		},
		{
			name:    "short secrets",
			environ: []string{"USHER_SECRET=hunter2", "USHER_SECRET_PREVIOUS=hunter22", "TELEGRAM_TOKEN=" + token},
			want: []string{
				"USHER_SECRET: has 7 characters and needs at least 32. Print one with: usher secret",
				"USHER_SECRET_PREVIOUS: has 8 characters and needs at least 32. Print one with: usher secret",
			},
		},
		{
			name:    "a secret that was printed",
			environ: []string{"USHER_SECRET=[redacted]", "TELEGRAM_TOKEN=" + token},
			want:    []string{"USHER_SECRET: cannot be used: read secret: it was stored as [redacted]"},
		},
		{
			name:    "words and addresses",
			environ: least("USHER_LOG=xml", "USHER_LOG_LEVEL=loud", "USHER_LISTEN=8080", "USHER_METRICS_LISTEN=localhost", "USHER_PUBLIC_URL=bot.example.com"),
			want: []string{
				"USHER_PUBLIC_URL: is not an absolute URL, as in https://login.example.com. Give it as in https://bot.example.com",
				`USHER_LISTEN: "8080" is no address to listen on. Give one as in 127.0.0.1:8080, or :8080 for all networks`,
				`USHER_METRICS_LISTEN: "localhost" is no address to listen on. Give one as in 127.0.0.1:9090, or :9090 for all networks`,
				`USHER_LOG: is "xml". Choose one of text, json`,
				`USHER_LOG_LEVEL: is "loud". Choose one of debug, info, warn, error`,
			},
		},
		{
			name:    "a public URL with more",
			environ: least("USHER_PUBLIC_URL=https://bot.example.com/?x=1"),
			want:    []string{"USHER_PUBLIC_URL: is more than a base: leave out what follows ? and #. Give it as in https://bot.example.com"},
		},
		{
			name:    "a public URL in clear",
			environ: least("USHER_PUBLIC_URL=http://bot.example.com", "TELEGRAM_MODE=polling"),
			want:    []string{"USHER_PUBLIC_URL: is not an https URL; http is for loopback hosts only. Give it as in https://bot.example.com"},
		},
		{
			name:    "a port that is none",
			environ: least("USHER_LISTEN=:99999"),
			want:    []string{`USHER_LISTEN: ":99999" is no address to listen on. Give one as in 127.0.0.1:8080, or :8080 for all networks`},
		},
		{
			name:    "what the adapter says",
			environ: []string{"USHER_SECRET=" + secret, "TELEGRAM_TOKEN=hunter2", "TELEGRAM_MODE=pigeon"},
			want: []string{
				"TELEGRAM_TOKEN: is no token. It is what @BotFather shows: a number, a colon, and 35 characters",
				`TELEGRAM_MODE: "pigeon" is no mode. Choose polling, webhook or auto`,
			},
		},
		{
			name:    "names of providers",
			environ: least("USHER_PROVIDERS=GitHub,telegram,usher,acme,acme", "ACME_CLIENT_ID=x"),
			want: []string{
				`USHER_PROVIDERS: a name is "GitHub": give lower-case letters, digits and dashes, a letter first`,
				"USHER_PROVIDERS: telegram cannot be a name: the bot's own settings begin so. Choose another, and name the kind in its KIND",
				"USHER_PROVIDERS: usher cannot be a name: the bot's own settings begin so. Choose another, and name the kind in its KIND",
				"ACME_ISSUER: is missing*",
				"USHER_PROVIDERS: has acme twice. Give each a name of its own",
			},
		},
		{
			name: "settings of providers",
			environ: least("USHER_PROVIDERS=github,acme", "ACME_ISSUER=https://login.acme.example", "ACME_CLIENT_ID=x",
				"ACME_CLIENT_AUTH=basic", "ACME_KIND=oicd"),
			want: []string{
				"GITHUB_CLIENT_ID: is missing*",
				`ACME_KIND: is "oicd"*`,
			},
		},
		{
			name:    "browsers without an address",
			environ: least("USHER_PROVIDERS=github,slack", "GITHUB_CLIENT_ID=x", "GITHUB_CLIENT_SECRET=s3cret", "GITHUB_FLOW=browser"),
			want: []string{
				"GITHUB_FLOW: is browser, or the service offers no other, and USHER_PUBLIC_URL is missing. Give that one, for browsers to come back to, or choose device",
				"USHER_PROVIDERS: slack cannot be a name*",
			},
		},
		{
			name:    "a service of browsers without an address",
			environ: least("USHER_PROVIDERS=work", "WORK_KIND=slack", "WORK_CLIENT_ID=x", "WORK_CLIENT_SECRET=s3cret"),
			want:    []string{"WORK_FLOW: is browser, or the service offers no other, and USHER_PUBLIC_URL is missing*"},
		},
		{
			name:    "strangers in the file",
			environ: least("USHER_PROVIDERS=acme", "ACME_ISSUER=https://login.acme.example", "ACME_CLIENT_ID=x", "ACME_FLOW=device", "USHER_METRICS=x"),
			file:    []string{"TELEGRAM_TOKN=hunter2", "ACM_CLIENT_ID=y", "ACME_BASEMENT=x", "GIT_HUB_CLIENT_SECRET=hunter2", "HTTPS_PROXY=hunter2", "usher_log=json", "OLD=", "GITHUB_TITLE="},
			want: []string{
				"ACME_BASEMENT: there is no such setting, though FILE has it. Take it out",
				"ACM_CLIENT_ID: there is no such setting, though FILE has it. Did you mean ACME_CLIENT_ID?",
				"TELEGRAM_TOKN: there is no such setting, though FILE has it. Did you mean TELEGRAM_TOKEN?",
				"usher_log: there is no such setting, though FILE has it. Did you mean USHER_LOG?",
			},
		},
		{
			name: "every platform wrong",
			environ: []string{
				"USHER_SECRET=" + secret, "DISCORD_TOKEN=hunter2", "DISCORD_MODE=pigeon", "SLACK_BOT_TOKEN=hunter2", "TELEGRAM_TOKEN=hunter2",
			},
			want: []string{"DISCORD_MODE: *", "SLACK_BOT_TOKEN: *", "SLACK_SIGNING_SECRET: *", "TELEGRAM_TOKEN: *"},
		},
		{
			name:    "half of Slack",
			environ: least("SLACK_APP_TOKEN=hunter2"),
			want:    []string{"SLACK_BOT_TOKEN: is missing, and other settings of Slack are there.*"},
		},
		{
			name:    "slips in the environment",
			environ: least("USHER_STOER=hunter2", "TELEGRAM_CHAT_ID=hunter2", "USHER_LOGS=json", "USHER_LOG=text", "TELEGRAM_TOKN="),
			want:    []string{"USHER_STOER: there is no such setting, though the environment has it. Did you mean USHER_STORE?"},
		},
		{
			name:    "a provider that nobody named",
			environ: least(),
			file:    []string{"GIT_HUB_CLIENT_SECRET=hunter2"},
			want:    []string{"GIT_HUB_CLIENT_SECRET: is in FILE and read by nobody. Set USHER_PROVIDERS to git-hub, or take this out"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := written(t, tt.file...)
			_, err := Load(tt.environ, file)
			if err == nil {
				t.Fatalf("got no error, want %q", tt.want)
			}
			got := strings.ReplaceAll(err.Error(), file, "FILE")
			want := append([]string{"wrong settings:"}, tt.want...)
			if !slices.EqualFunc(strings.Split(got, "\n  "), want, like) {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n  "))
			}
			if strings.Contains(got, "hunter2") {
				t.Errorf("got a secret in\n%s", got)
			}
		})
	}
}

func like(line, pattern string) bool {
	start, open := strings.CutSuffix(pattern, "*")
	return line == pattern || open && strings.HasPrefix(line, start)
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for _, tt := range []struct {
		name string
		file string
		want string
	}{
		{"named and not there", filepath.Join(t.TempDir(), "not-there.env"), "not-there.env: no such file"},
		{"broken", written(t, "# one", "USHER_LOG=json", "", "my token is hunter2", "USHER_STORE=a"), "settings.env is not understood from line 4 on"},
		{"open quote", written(t, "USHER_STORE='a", "b'", "USHER_SECRET='hunter2", "USHER_LOG=json"), "settings.env is not understood from line 3 on"},
		{"at once", written(t, "-hunter2"), "settings.env is not understood from line 1 on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(least(), tt.file)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q in it", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got the file's content in %v", err)
			}
		})
	}
}

// TestEnvironmentIsGiven has an empty one: that of the process must not be read.
func TestEnvironmentIsGiven(t *testing.T) {
	t.Setenv("USHER_SECRET", secret)
	t.Setenv("TELEGRAM_TOKEN", token)
	if _, err := Load(nil, written(t)); err == nil {
		t.Error("got a Config, want that its secret is missing")
	}
}

func TestLogger(t *testing.T) {
	for _, tt := range []struct{ name, log, level, want string }{
		{"text", "text", "info", `level=WARN msg=b key=[redacted]`},
		{"json", "json", "warn", `"level":"WARN","msg":"b","key":"[redacted]"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			log := Config{Usher: Usher{Log: tt.log, Level: tt.level}}.Logger(&out)
			log.Debug("a")
			log.Warn("b", "key", seal.Secret("x"))
			if lines := strings.Count(out.String(), "\n"); lines != 1 || !strings.Contains(out.String(), tt.want) {
				t.Errorf("got %s, want one line with %s", out.String(), tt.want)
			}
		})
	}
}
