package provider

import (
	"cmp"
	"encoding/json"
)

// graphError is what the graph answers where it does not do what it was asked.
// Members of a wrong type count as missing, and numbers may be strings.
type graphError struct {
	Message   any             `json:"message"`
	Type      any             `json:"type"`
	Code      json.RawMessage `json:"code"`
	Subcode   json.RawMessage `json:"error_subcode"`
	Transient any             `json:"is_transient"`
}

// rfcWords is a body of the graph's in the words of RFC 8628. Most members have
// the same names; what is no JSON object stays what it is.
func rfcWords(body []byte) []byte {
	var said map[string]json.RawMessage
	if err := json.Unmarshal(body, &said); err != nil || said == nil {
		return body
	}
	if code, ok := said["code"]; ok {
		said["device_code"] = code
	}
	var no graphError
	if err := json.Unmarshal(said["error"], &no); err == nil && no.word() != "" {
		said["error"], said["error_description"] = quoted(no.word()), quoted(no.Message)
	}
	out, err := json.Marshal(said)
	if err != nil {
		return body
	}
	return out
}

// word is the error code of RFC 8628 for an error; empty where it says nothing.
// The subcode decides: its codes are those of other errors too, and the status
// that comes with them varies.
func (e graphError) word() string {
	switch subject(e.Subcode) {
	case "1349174":
		return "authorization_pending"
	case "1349172":
		return "slow_down"
	case "1349173":
		return "access_denied"
	case "1349152":
		return "expired_token"
	}
	code := subject(e.Code)
	kind, _ := e.Type.(string)
	switch {
	case code == "190", code == "101": // the app's access token, or the app, is not valid
		return "invalid_client"
	case e.Transient == true: // such as too many requests
		return "temporarily_unavailable"
	case code != "":
		return cmp.Or(kind, "error") + " " + code
	}
	return kind
}

// quoted is text as JSON again.
func quoted(text any) json.RawMessage {
	out, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return out
}
