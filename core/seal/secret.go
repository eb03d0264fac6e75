package seal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// redacted is all that anybody sees of a Secret that is printed.
const redacted = "[redacted]"

// A Secret is a string that prints as [redacted], whatever the verb or encoder.
// Reveal is the one way to its content.
type Secret string

// Reveal returns the content, for the wire or for sealing, never for a person.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// Format implements fmt.Formatter for every verb, %x and %#v included.
func (Secret) Format(f fmt.State, _ rune) {
	// A fmt.State only hands the bytes on; it reports no error worth having.
	io.WriteString(f, redacted) //nolint:errcheck // see above
}

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, and with it JSON and XML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Reading back what was
// printed is an error: it means that a Secret was stored by a general encoder
// instead of being sealed, and that its content is lost.
func (s *Secret) UnmarshalText(b []byte) error {
	if string(b) == redacted {
		return errors.New("read secret: it was stored as " + redacted)
	}
	*s = Secret(b)
	return nil
}
