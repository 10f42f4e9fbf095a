package documents

import (
	"strings"
	"testing"
)

func TestMessagesAreReadWithWhoWroteThem(t *testing.T) {
	const head = "From: =?utf-8?q?Zo=C3=AB?= <z@example.org>\r\nTo: a@example.org,\r\n b@example.org\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n =?utf-8?B?IGF1cyBIYW1idXJn?=\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\nReceived: NO\r\n"
	const about = "From: Zoë <z@example.org>\nTo: a@example.org, b@example.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000"
	multi := func(kind string, parts ...string) string {
		return "Content-Type: multipart/" + kind + "; boundary=\"b b\"\r\n\r\npreamble\r\n--b b\r\n" + strings.Join(parts, "\r\n--b b\r\n") + "\r\n--b b--\r\nepilogue\r\n"
	}
	inner := func(s string) string { return strings.ReplaceAll(s, "b b", "inner") }
	const plain = "Content-Type: text/plain; charset=utf-8\r\n\r\nPlain text.\r\n"
	const rich = "Content-Type: text/html\r\n\r\n<style>x</style><h2>Rich</h2><p>text of its own</p><footer>End</footer>"
	const attached = "Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename*=utf-8''M%C3%A4rz.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg=="
	for what, c := range map[string]struct {
		message, text string
		notes         []string
	}{
		"lines that were wrapped, and what is quoted": {
			"\r\nHello,\r\n\r\nthe boat lies at\r\nberth 4.\r\n> > Where does\r\n> > it lie?\r\n> And when?\r\n\r\nZ.\r\n",
			"Hello,\n\nthe boat lies at berth 4.\n\nWhere does it lie?\n\nAnd when?\n\nZ.", nil},
		"quoted-printable in another charset": {
			"Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9 =80 5, a line that goes =\r\non\r\n",
			"café € 5, a line that goes on", nil},
		"base64":         {"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOf\r\nZQ==\r\n", "Grüße", nil},
		"no charset":     {"\r\ncaf\xe9 \x93x\x94 and more", "café “x” and more", nil},
		"a plain form":   {multi("alternative", plain, rich), "Plain text.", nil},
		"HTML alone":     {multi("related", rich, "Content-Type: image/png; name=x.png\r\n\r\nx"), "Rich\n\ntext of its own\n\nEnd", nil},
		"an empty plain": {multi("alternative", "Content-Type: text/plain\r\n\r\n \r\n", rich), "Rich\n\ntext of its own\n\nEnd", nil},
		"a plain form that only says so": {multi("alternative", "\r\nUse HTML.", strings.Replace(rich, "text of", strings.Repeat("text ", 20)+"of", 1)),
			"Rich\n\n" + strings.Repeat("text ", 20) + "of its own\n\nEnd", nil},
		"an attachment": {multi("mixed", inner(multi("alternative", plain, rich)), attached, "\r\nAfter."), "Plain text.\n\nAfter.",
			[]string{`the attachment "März.pdf" was not read; save it and add it as a file of its own`}},
		"an attachment in the form that is not read": {multi("alternative", plain, inner(multi("mixed", rich, attached))), "Plain text.",
			[]string{`the attachment "März.pdf" was not read; save it and add it as a file of its own`}},
		"a message that was sent on": {multi("mixed", "\r\nSee below.", "Content-Type: message/rfc822\r\n\r\nFrom: c@example.org\r\nSubject: Fees\r\n\r\n20 euros."),
			"See below.\n\nFees\n\nFrom: c@example.org\n\n20 euros.", nil},
		"no end":      {strings.TrimSuffix(multi("mixed", plain), "\r\n--b b--\r\nepilogue\r\n"), "Plain text.", nil},
		"no boundary": {"Content-Type: multipart/mixed\r\n\r\nText all the same.\r\n", "Text all the same.", []string{"the parts of the message cannot be told apart; it was read as plain text"}},
		"half a type": {"Content-Type: text\r\n\r\nText.", "Text.", nil},
		"an unknown text, and one for programs": {multi("mixed", "Content-Type: text/x-notes\r\n\r\nNotes.", "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR"), "Notes.",
			[]string{"a part of the type text/calendar was not read"}},
		"flowed without spaces": {"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n\r\n海は \r\n広い。\r\n", "海は広い。", nil},
		"signed by PGP": {"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nText.\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\nEnd.",
			"Text.\n\nEnd.", nil},
		"partly encrypted": {"\r\nText.\r\n-----BEGIN PGP MESSAGE-----\r\n\r\niQEz\r\n-----END PGP MESSAGE-----\r\n",
			"Text.", []string{"an encrypted part was not read; save its text from the mail program"}},
	} {
		docs, notes := Read("a.eml", []byte(head+c.message), Options{})
		if len(docs) != 1 || docs[0].Text != about+"\n\n"+c.text || docs[0].Title != "Grüße aus Hamburg" {
			t.Errorf("%s: %+v, wanted %q", what, docs, c.text)
		}
		var got []string
		for _, n := range notes {
			got = append(got, n.Why)
		}
		if strings.Join(got, "; ") != strings.Join(c.notes, "; ") {
			t.Errorf("%s: %v", what, notes)
		}
	}
	docs, notes := Read("a.eml", []byte(head+"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nMIIB"), Options{})
	if len(docs) != 0 || len(notes) != 2 || !strings.Contains(notes[0].Why, "encrypted") {
		t.Errorf("%v %v", docs, notes)
	}
	same(t, read(t, "my_mail.eml", "From x y\nFrom: a\n\nText.", Options{}), []Document{{ID: "my_mail.eml", Title: "my mail", Text: "From: a\n\nText."}})
}

func FuzzEML(f *testing.F) {
	for _, s := range []string{
		"From: =?utf-8?q?a=C3?=\nSubject: b\nContent-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain; format=flowed\n\n> a \n>> b\n--x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p>c=3D\n--x--",
		"To: \xe9\n a\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYQoKYg==",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, "a.eml", data) })
}
