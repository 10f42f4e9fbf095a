package documents

import (
	"strings"
	"unicode"
)

// A role is what a column of a table, or a field of a JSON record, is to its document.
type role uint8

const (
	noRole      role = iota
	idRole           // names it
	titleRole        // is its title
	nameRole         // is its title where nothing better is
	headingRole      // stands between title and text
	questionRole
	answerRole
	bodyRole
	linkRole
)

// What people call the columns, in the languages that were met, most telling first. One
// list serves CSV, TSV and JSON. They are compared without case, accents, spaces and
// signs: "Doc-ID" is docid.
var roleNames = map[role]string{
	idRole: "_id id docid documentid did pid passageid chunkid articleid objectid uniqueid recordid itemid identifier identifiant identificador " +
		"identificatore kennung key clave cle chiave schlussel uid uuid guid nr number nummer numero no ref slug location path permalink uri",
	titleRole: "title titel titre titulo titolo tytul titul tittel otsikko nazev nadpis cim baslik pagetitle doctitle documenttitle articletitle posttitle " +
		"uberschrift ueberschrift intitule encabezado заголовок название 标题 標題 题目 タイトル 題名 제목 شينوان عنوان",
	nameRole: "name subject betreff bezeichnung thema topic nom sujet objet nombre asunto tema nome assunto oggetto argomento naam onderwerp namn navn " +
		"nazwa temat term begriff stichwort terme termino termo termine word entry label caption summarytitle productname itemname product produkt produit producto produto prodotto имя 名称 名前 이름",
	headingRole: "heading headline header section sectiontitle sectionheading subtitle untertitel soustitre subtitulo sottotitolo kop rubrik breadcrumb breadcrumbs chapter kapitel chapitre",
	questionRole: "question questions frage fragen pregunta preguntas pergunta perguntas domanda domande vraag vragen fraga sporgsmal sporsmal kysymys pytanie " +
		"otazka kerdes soru intrebare вопрос вопросы питання 问题 問題 質問 질문 سؤال query faqquestion questiontext prompt instruction",
	answerRole: "answer answers antwort antworten reponse reponses respuesta respuestas resposta respostas risposta risposte antwoord antwoorden svar vastaus " +
		"odpowiedz odpoved valasz cevap raspuns ответ ответы відповідь 答案 回答 答え 답변 إجابة جواب reply response solution losung loesung acceptedanswer suggestedanswer " +
		"answertext completion output",
	bodyRole: "text texts body content contents passage passages document contenttext contenthtml pagecontent plaintext fulltext bodytext bodyhtml rawtext " +
		"paragraph paragraphs context article transcript description details detail abstract excerpt snippet summary definition meaning explanation " +
		"message comment comments note notes remark remarks information chunk chunktext markdown html utterance " +
		"inhalt beschreibung volltext erklarung erlauterung bemerkung bemerkungen hinweis hinweise zusammenfassung absatz bedeutung " +
		"texte contenu corps resume remarque explication " +
		"texto contenido cuerpo descripcion detalle detalles resumen definicion explicacion contenuti testo contenuto corpo descrizione dettagli riassunto definizione " +
		"conteudo descricao detalhes resumo definicao explicacao " +
		"tekst inhoud beschrijving omschrijving toelichting samenvatting definitie innehall beskrivning indhold beskrivelse innhold teksti sisalto kuvaus " +
		"tresc opis popis obsah tartalom leiras icerik metin aciklama continut descriere " +
		"текст содержание описание зміст опис 文本 内容 內容 正文 描述 本文 テキスト 説明 본문 내용 텍스트 설명 نص محتوى وصف",
	linkRole: "url link href weblink website webpage pageurl sourceurl canonicalurl enlace lien collegamento adresse source permalink uri 链接 リンク 링크 ссылка رابط",
}

type namedRole struct {
	role role
	rank int // among the names of its role
}

var rolesByName = func() map[string]namedRole {
	m := map[string]namedRole{}
	for r := idRole; r <= linkRole; r++ {
		for i, name := range strings.Fields(roleNames[r]) {
			if _, ok := m[name]; !ok {
				m[name] = namedRole{r, i}
			}
		}
	}
	return m
}()

// alsoLinks are names of links that serve as ids, too.
const alsoLinks = " permalink uri "

// What a name ends with that speaks of a text, and is none: "text_length".
const aboutText = " id ids type typ length len count lang language locale date time at by format size hash vector embedding embeddings score rank class style color " +
	"status url link href number no source author category tokens words chars sprache datum "

// roleOf gives the role of a name: as it stands, or by the last of its words that has
// one ("Article body", "answer_text"). Of those by a word the rank is higher.
func roleOf(name string) namedRole {
	if len(name) > 60 || strings.ContainsAny(name, "?？") || strings.HasPrefix(name, "@") {
		return namedRole{}
	}
	words := nameWords(name)
	whole := strings.Join(words, "")
	if strings.TrimSpace(name) == "_id" {
		return namedRole{idRole, -1}
	}
	if r, ok := rolesByName[whole]; ok {
		return r
	}
	if len(words) < 2 || len(words) > 5 {
		return namedRole{}
	}
	const byWord = 1000
	last := words[len(words)-1]
	if strings.Contains(aboutText, " "+last+" ") {
		switch last {
		case "url", "link", "href":
			return namedRole{linkRole, byWord}
		case "id":
			return namedRole{idRole, byWord}
		}
		return namedRole{}
	}
	best := namedRole{}
	for i := len(words) - 1; i >= 0; i-- {
		switch r := rolesByName[words[i]]; r.role {
		case questionRole, answerRole:
			return namedRole{r.role, byWord + r.rank} // "question text", "answer title"
		case bodyRole, titleRole, headingRole:
			if best.role == noRole {
				best = namedRole{r.role, byWord + r.rank}
			}
		}
	}
	return best
}

// nameWords splits a name into words without case and accents: "docId", "doc_id" and
// "Doc ID" alike.
func nameWords(name string) (words []string) {
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			words = append(words, b.String())
			b.Reset()
		}
	}
	lower := false
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			end()
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			end()
		}
		lower = unicode.IsLower(r)
		b.WriteString(plainLetter(unicode.ToLower(r)))
	}
	end()
	return words
}

// plainLetter takes the accent off a Latin letter.
func plainLetter(r rune) string {
	if r < 0x80 {
		return string(r)
	}
	if unicode.IsMark(r) && r < 0x370 {
		return ""
	}
	for _, group := range []string{"aàáâãäåāăą", "cçćč", "dďđ", "eèéêëēėęě", "gğģ", "iìíîïīįı", "lłľļ", "nñńňņ", "oòóôõöøőō", "rřŕ", "sśšşș", "tťțţ", "uùúûüůűūų", "yýÿ", "zźżž"} {
		if strings.ContainsRune(group, r) {
			return group[:1]
		}
	}
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	return string(r)
}
