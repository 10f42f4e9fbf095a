package answer

import (
	"strings"
	"sync"
)

// countries are those of the World Factbook's passages, between bars: of each the name in the passages' titles
// and, in small letters, other names and the adjective.
const countries = "" +
	"|Afghanistan/afghan|Albania/albanian|Algeria/algerian|American Samoa/american samoan|Andorra/andorran|Angola/angolan|Anguilla/anguillan" +
	"|Antigua and Barbuda/antigua|Argentina/argentine|Armenia/armenian|Aruba/aruban|Australia/australian|Austria/austrian|Azerbaijan/azerbaijani" +
	"|The Bahamas/bahamas/bahamian|Bahrain/bahraini|Bangladesh/bangladeshi|Barbados|Belarus/belarusian|Belgium/belgian|Belize/belizean|Benin/beninese" +
	"|Bermuda/bermudian|Bhutan/bhutanese|Bolivia/bolivian|Bosnia and Herzegovina/bosnia/bosnian|Botswana|Brazil/brazilian|British Virgin Islands" +
	"|Brunei/bruneian|Bulgaria/bulgarian|Burkina Faso/burkinabe|Myanmar/burma/burmese|Burundi/burundian|Cape Verde/cabo verde/cabo verdean" +
	"|Cambodia/cambodian|Cameroon/cameroonian|Canada/canadian|Cayman Islands/caymanian|Central African Republic/central african|Chad/chadian|Chile/chilean" +
	"|China/chinese|Colombia/colombian|Comoros/comoran|Democratic Republic of the Congo/dr congo/drc/congo kinshasa|Republic of the Congo/congo brazzaville" +
	"|Cook Islands|Costa Rica/costa rican|Ivory Coast/côte d ivoire/cote d ivoire/ivoirian|Croatia/croatian|Cuba/cuban|Curacao/curaçao/curacaoan" +
	"|Cyprus/cypriot|Czechia/czech republic/czech|Denmark/danish|Djibouti/djiboutian|Dominica|Dominican Republic|Ecuador/ecuadorian|Egypt/egyptian" +
	"|El Salvador/salvadoran|Equatorial Guinea|Eritrea/eritrean|Estonia/estonian|Eswatini/swaziland/swati|Ethiopia/ethiopian|European Union/eu" +
	"|Falkland Islands/falklands/falkland island|Faroe Islands/faroese|Fiji/fijian|Finland/finnish|France/french|French Polynesia/french polynesian" +
	"|Gabon/gabonese|The Gambia/gambia/gambian|Georgia/georgian|Germany/german|Ghana/ghanaian|Gibraltar|Greece/greek|Greenland/greenlandic|Grenada/grenadian" +
	"|Guam/guamanian|Guatemala/guatemalan|Guernsey|Guinea|Guinea-Bissau|Guyana/guyanese|Haiti/haitian|Vatican City/vatican/holy see|Honduras/honduran" +
	"|Hong Kong|Hungary/hungarian|Iceland/icelandic|India/indian|Indonesia/indonesian|Iran/iranian|Iraq/iraqi|Ireland/irish|Isle of Man/manx|Israel/israeli" +
	"|Italy/italian|Jamaica/jamaican|Japan/japanese|Jersey|Jordan/jordanian|Kazakhstan/kazakhstani|Kenya/kenyan|Kiribati|North Korea|South Korea" +
	"|Kosovo/kosovan|Kuwait/kuwaiti|Kyrgyzstan/kyrgyzstani|Laos|Latvia/latvian|Lebanon/lebanese|Lesotho/basotho|Liberia/liberian|Libya/libyan|Liechtenstein" +
	"|Lithuania/lithuanian|Luxembourg|Macau|Madagascar/malagasy|Malawi/malawian|Malaysia/malaysian|Maldives/maldivian|Mali/malian|Malta/maltese" +
	"|Marshall Islands/marshallese|Mauritania/mauritanian|Mauritius/mauritian|Mexico/mexican|Micronesia/federated states of micronesia/micronesian" +
	"|Moldova/moldovan|Monaco|Mongolia/mongolian|Montenegro/montenegrin|Montserrat/montserratian|Morocco/moroccan|Mozambique/mozambican|Namibia/namibian" +
	"|Nauru/nauruan|Nepal/nepali|Netherlands/holland/dutch|New Caledonia/new caledonian|New Zealand|Nicaragua/nicaraguan|Niger/nigerien|Nigeria/nigerian" +
	"|Niue/niuean|North Macedonia/macedonia/macedonian|Northern Mariana Islands|Norway/norwegian|Oman/omani|Pakistan/pakistani|Palau/palauan" +
	"|Panama/panamanian|Papua New Guinea/png|Paraguay/paraguayan|Peru/peruvian|Philippines/philippine|Pitcairn Islands|Poland/polish|Portugal/portuguese" +
	"|Puerto Rico/puerto rican|Qatar/qatari|Romania/romanian|Russia/russian|Rwanda/rwandan|Saint Barthelemy|Saint Kitts and Nevis/saint kitts" +
	"|Saint Lucia/saint lucian|Saint Martin|Saint Pierre and Miquelon|Saint Vincent and the Grenadines/saint vincent|Samoa/samoan|San Marino/sammarinese" +
	"|Sao Tome and Principe/são tomé and príncipe/sao tome/sao tomean|Saudi Arabia|Senegal/senegalese|Serbia/serbian|Seychelles/seychellois" +
	"|Sierra Leone/sierra leonean|Singapore|Sint Maarten|Slovakia/slovak|Slovenia/slovenian|Solomon Islands|Somalia/somali|South Africa/south african" +
	"|South Sudan/south sudanese|Spain/spanish|Sri Lanka/sri lankan|Sudan/sudanese|Suriname/surinamese|Svalbard|Sweden/swedish|Switzerland/swiss" +
	"|Syria/syrian|Taiwan|Tajikistan/tajikistani|Tanzania/tanzanian|Thailand/thai|East Timor/timor leste/timorese|Togo/togolese|Tokelau/tokelauan" +
	"|Tonga/tongan|Trinidad and Tobago/trinidad|Tunisia/tunisian|Turkey/türkiye/turkiye/turkish|Turkmenistan/turkmenistani|Turks and Caicos Islands" +
	"|Tuvalu/tuvaluan|Uganda/ugandan|Ukraine/ukrainian|United Arab Emirates/uae/emirates/emirati|United Kingdom/british/uk/britain/great britain" +
	"|United States/american/us/usa/america/united states of america|Uruguay/uruguayan|Uzbekistan/uzbekistani|Vanuatu|Venezuela/venezuelan" +
	"|Vietnam/vietnamese|United States Virgin Islands|Wallis and Futuna|Western Sahara|Yemen/yemeni|Zambia/zambian|Zimbabwe/zimbabwean|Gaza Strip|West Bank" +
	"|French Southern and Antarctic Lands|South Georgia and South Sandwich Islands|Saint Helena, Ascension and Tristan da Cunha/saint helena|Christmas Island|Cocos/cocos islands|Norfolk Island|British Indian Ocean Territory|Antarctica|Akrotiri|Dhekelia|"

// formed are words before a country's name that make another name of it: New Jersey, North America.
const formed = " new northern southern latin central south north east west michael equatorial papua "

// A countryName is a name by which a country is known: "ivory coast", "Ivory Coast".
type countryName struct{ name, of string }

// countryNames returns the names in countries by their first words.
var countryNames = sync.OnceValue(func() map[string][]countryName {
	all := map[string][]countryName{}
	for line := range strings.SplitSeq(strings.Trim(countries, "|"), "|") {
		names := strings.Split(line, "/")
		for _, n := range names {
			words := split(strings.ToLower(n))
			all[words[0]] = append(all[words[0]], countryName{strings.Join(words, " "), names[0]})
		}
	}
	return all
})

// cutCountry returns the country that a text names, whose words are in small letters between blanks, "" if it
// names none or several; whether it names several; and the text without the names.
func cutCountry(text string) (country string, several bool, rest string) {
	var names []countryName
	for w := range strings.FieldsSeq(text) {
		names = append(names, countryNames()[w]...)
	}
	for i := range names { // the longest first; a sort would make the page's program larger
		for j := i; j > 0 && len(names[j].name) > len(names[j-1].name); j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}
	for _, c := range names {
		i := phraseAt(text, c.name)
		if i < 0 {
			continue
		}
		before := text[:i-1]
		if in(formed, before[strings.LastIndexByte(before, ' ')+1:]) {
			continue
		}
		text = cut(text, c.name, done)
		several = several || country != "" && country != c.of
		country = c.of
	}
	if several {
		country = ""
	}
	return country, several, text
}

// countryOf returns the country that a passage with this title is about, "" where it is about something else.
func countryOf(title string) string {
	title = aboutOf(title)
	if title != "" && (strings.Contains(countries, "|"+title+"/") || strings.Contains(countries, "|"+title+"|")) {
		return title
	}
	return ""
}

// withArticle returns a country's name as it stands in a sentence.
func withArticle(country string) string {
	for _, part := range [...]string{"United ", "Republic", "Islands", "Netherlands", "Philippines", "Maldives", "Comoros", "Seychelles", "European Union"} {
		if strings.Contains(country, part) {
			return "the " + country
		}
	}
	return strings.Replace(country, "The ", "the ", 1)
}
