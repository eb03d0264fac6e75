package reach

import (
	"errors"
	"io"
	"net/http"
)

// maxPosted is how large a delivery may be, in bytes. Platforms' are far smaller.
const maxPosted = 1 << 20

// Posted is what a platform delivers. Where it reports false, there is none that
// could be read, and whoever asked has been told so.
func Posted(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPosted))
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	if err != nil {
		http.Error(w, "cut off", http.StatusBadRequest)
		return nil, false
	}
	return body, true
}
