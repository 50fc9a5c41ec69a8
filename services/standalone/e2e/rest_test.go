package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A client that speaks only HTTP signs in, asks about somebody who was hired,
// repeats a command, says what it has seen, waits long, and is out at once when
// the session is ended.
func TestRestOnARunningInstallation(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.do("policy", "apply", i.write("pack.yaml", feedPack))
	staff := i.write("people.csv", "no,name,position,unit\nE43,沈一舟,engineer,总部\n")
	mapping := i.write("map.yaml", "source: peoplesoft\nkey: employee_number\ncolumns:\n  employee_number: no\n  name: name\n  position: position\n  unit: [unit]\nconstants:\n  kind: employee\n")
	i.do("hr", "import", staff, "--map", mapping, "--wait", "60s")

	code, _, session := i.rest("POST", "/api/v1/sessions", "", fmt.Sprintf(`{"user":"admin","password":%q}`, password))
	token, _ := session["access_token"].(string)
	secret, _ := session["session"].(string)
	if code != 200 || token == "" || secret == "" || session["expires_in"] == nil {
		t.Fatalf("sign-in: %d %v", code, session)
	}
	if code, _, p := i.rest("GET", "/api/v1/people/E43", token, ""); code != 200 || p["name"] != "沈一舟" || p["state"] != "active" {
		t.Errorf("the person: %d %v", code, p)
	}
	for name, wrong := range map[string]string{"forged": token[:len(token)-4] + "AAAA", "nonsense": "x"} {
		if code, _, p := i.rest("GET", "/api/v1/people/E43", wrong, ""); code != 401 || p["reason"] != "TOKEN_INVALID" || p["status"] != 401.0 {
			t.Errorf("a %s token: %d %v", name, code, p)
		}
	}
	if code, _, h := i.rest("GET", "/api/v1/history?employee_number=E43&limit=5", token, ""); code != 200 || len(h["items"].([]any)) == 0 || h["next"] == nil {
		t.Errorf("the history: %d %v", code, h)
	}

	// The same command twice is done once and answered twice.
	command := []string{"Command-Id", "3e0c5d57-5a0e-4c5c-8a8e-0d3c6a4b9f11"}
	put := func() (int, string, map[string]any) {
		return i.rest("PUT", "/api/v1/accounts/E43/roles", token, `{"roles":["auditor"]}`, command...)
	}
	code, position, first := put()
	again, repeated, second := put()
	if code != 200 || again != 200 || position == "" || position != repeated || !reflect.DeepEqual(first, second) {
		t.Errorf("first %d %s %v, again %d %s %v", code, position, first, again, repeated, second)
	}
	if code, _, p := i.rest("PUT", "/api/v1/accounts/E43/roles", token, `{"roles":[]}`, "Command-Id", "7"); code != 400 || p["reason"] != "COMMAND_ID_INVALID" {
		t.Errorf("a command id that is none: %d %v", code, p)
	}

	// What the caller has seen is there, and what nobody can have seen is not.
	if code, _, p := i.rest("GET", "/api/v1/people/E43", token, "", "Ostiary-Not-Before", position); code != 200 {
		t.Errorf("after what was written: %d %v", code, p)
	}
	if code, _, p := i.rest("GET", "/api/v1/people/E43", token, "", "Ostiary-Not-Before", "identity=99999999"); code != 503 || p["reason"] != "NOT_YET_VISIBLE" {
		t.Errorf("before its time: %d %v", code, p)
	}

	i.waitsLong(t)

	// The page: the cookie of a form, and who is signed in.
	i.page(t)

	if code, _, p := i.rest("DELETE", "/api/v1/sessions/current", token, ""); code != 200 {
		t.Fatalf("ending the session: %d %v", code, p)
	}
	eventually(t, time.Second, "refusing the token of the ended session", func() error {
		if code, _, p := i.rest("GET", "/api/v1/people/E43", token, ""); code != 401 || p["reason"] != "SESSION_ENDED" {
			return fmt.Errorf("%d %v", code, p)
		}
		return nil
	})
	if code, _, p := i.rest("POST", "/api/v1/sessions/refresh", "", fmt.Sprintf(`{"session":%q}`, secret)); code != 401 {
		t.Errorf("an ended session gives a token: %d %v", code, p)
	}
}

// waitsLong asks the lifecycle feed for something that does not come, for longer
// than a call may usually take.
func (i *installation) waitsLong(t *testing.T) {
	t.Helper()
	const wait = 33 * time.Second
	start := time.Now()
	code, _, page := i.rest("GET", fmt.Sprintf("/api/v1/lifecycle?after=1000000&wait=%ds", int(wait.Seconds())), i.client("lifecycle").Token, "")
	if took := time.Since(start); code != 200 || took < wait || page["next"] != "1000000" {
		t.Errorf("a wait of %v took %v: %d %v", wait, took, code, page)
	}
}

// page signs in with the form and reads the page with the cookie.
func (i *installation) page(t *testing.T) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Post(i.web+"/sign-in", "application/x-www-form-urlencoded", strings.NewReader("user=admin&password="+password))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther || len(answer.Cookies()) != 2 {
		t.Fatalf("the form: %d %v", answer.StatusCode, answer.Header)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.web+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range answer.Cookies() { // the session and the mark of the device
		r.AddCookie(c)
	}
	shown, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shown.Body.Close() }()
	text, err := io.ReadAll(shown.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>admin</h1>", ">access-admin<", "结束本会话"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page does not show %s:\n%s", want, string(text))
		}
	}
	log, err := os.ReadFile(i.home + "/log/ostiary.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range answer.Cookies() {
		if strings.Contains(string(log), c.Value) {
			t.Errorf("the log holds the secret of %s", c.Name)
		}
	}
}
