"""Names of people by script: surnames and given names that go together, in the component groups of a DICOM PN.

A name is written here as a PN has it (PS3.5 6.2.1): alphabetic, ideographic and phonetic form joined by ``=``. Where a surname
has a form for men and one for women, they are joined by ``/``. Common names of each language, put together by hand.

Every name fits the character set that belongs to its script: latin1 ISO_IR 100, cyrillic ISO_IR 144, greek ISO_IR 126,
japanese ISO 2022 IR 87, korean ISO 2022 IR 149, chinese GB18030; and all of them ISO_IR 192.
"""

from dataclasses import dataclass
from typing import Literal

Script = Literal["latin", "latin1", "cyrillic", "greek", "japanese", "korean", "chinese"]
Form = Literal["M", "F"]


@dataclass(frozen=True, slots=True)
class NamePart:
    """A surname or given name in up to three writings that belong together."""

    alphabetic: str
    ideographic: str = ""
    phonetic: str = ""


@dataclass(frozen=True, slots=True)
class NameTable:
    """The names of one language, by the form for men and women. ``middle`` may have none."""

    family: dict[Form, tuple[NamePart, ...]]
    given: dict[Form, tuple[NamePart, ...]]
    middle: dict[Form, tuple[NamePart, ...]]


def _parts(text: str) -> tuple[NamePart, ...]:
    return tuple(NamePart(*name.strip().split("=")) for name in text.split(","))


def _by_form(text: str) -> dict[Form, tuple[NamePart, ...]]:
    """Names of which some have a form of their own for women."""
    forms = [name.strip().partition("/") for name in text.split(",")]
    return {
        "M": _parts(",".join(male for male, _, _ in forms)),
        "F": _parts(",".join(female or male for male, _, female in forms)),
    }


def _table(family: str, men: str, women: str, middle: str = "") -> NameTable:
    return NameTable(
        family=_by_form(family),
        given={"M": _parts(men), "F": _parts(women)},
        middle=_by_form(middle) if middle else {"M": (), "F": ()},
    )


_GERMAN = _table(
    family="""
        Müller, Schröder, Jäger, Köhler, Krämer, Böhm, Groß, Weiß, Schäfer, Möller, Kühn, Förster, Günther, Lübcke,
        Preuß
    """,
    men="Jürgen, Jörg, Günter, Björn, Götz, Rüdiger, Volker, Stefan, Matthäus, Lothar",
    women="Käthe, Zoë, Jördis, Bärbel, Anneliese, Brünhilde, Hedwig, Änne, Dörte, Gisela",
)
_FRENCH = _table(
    family="Lefèvre, Béranger, Gérard, Rivière, Crépin, Vallée, Desprès, Côté, Barthélemy, Mallé, Brûlé, Noël, Bérubé",
    men="André, François, Jérôme, René, Loïc, Benoît, Cédric, Stéphane, Gaël, Maël",
    women="Hélène, Zoé, Françoise, Élodie, Chloé, Maëlle, Adèle, Céline, Anaïs, Inès",
)
_SPANISH = _table(
    family="""
        García López, Muñoz, Fernández, Núñez, Ibáñez, Peña, Gutiérrez, Ordóñez, Sánchez Ruiz, Jiménez, Castañeda,
        Vélez, Argüelles
    """,
    men="José, Andrés, Íñigo, Ángel, Joaquín, Raúl, Martín, Óscar, Sebastián, Álvaro",
    women="María José, Begoña, Inés, Sofía, Lucía, Concepción, Ángela, Rocío, Mónica, Verónica",
)
_RUSSIAN = _table(
    family="""
        Иванов/Иванова, Смирнов/Смирнова, Кузнецов/Кузнецова, Попов/Попова, Васильев/Васильева, Петров/Петрова,
        Соколов/Соколова, Михайлов/Михайлова, Новиков/Новикова, Фёдоров/Фёдорова, Морозов/Морозова, Волков/Волкова,
        Алексеев/Алексеева, Лебедев/Лебедева, Козлов/Козлова, Шевченко, Чайковский/Чайковская, Щербаков/Щербакова
    """,
    men="Александр, Дмитрий, Максим, Сергей, Андрей, Алексей, Артём, Илья, Михаил, Николай, Юрий, Пётр",
    women="Анастасия, Мария, Анна, Елена, Ольга, Наталья, Екатерина, Татьяна, Ирина, Людмила, Юлия, Светлана",
    middle="""
        Александрович/Александровна, Дмитриевич/Дмитриевна, Сергеевич/Сергеевна, Андреевич/Андреевна,
        Иванович/Ивановна, Николаевич/Николаевна, Михайлович/Михайловна, Ильич/Ильинична, Петрович/Петровна,
        Юрьевич/Юрьевна
    """,
)
_GREEK = _table(
    family="""
        Παπαδόπουλος/Παπαδοπούλου, Παππάς/Παππά, Καραγιάννης/Καραγιάννη, Βλάχος/Βλάχου, Ιωαννίδης/Ιωαννίδου,
        Οικονόμου, Παπαγεωργίου, Μακρής/Μακρή, Κωνσταντινίδης/Κωνσταντινίδου, Δημητρίου, Γεωργιάδης/Γεωργιάδου,
        Νικολαΐδης/Νικολαΐδου, Αντωνίου, Χατζής/Χατζή, Ψαρράς/Ψαρρά
    """,
    men="""
        Γεώργιος, Ιωάννης, Κωνσταντίνος, Δημήτριος, Νικόλαος, Παναγιώτης, Βασίλειος, Χρήστος, Αθανάσιος, Ηλίας,
        Οδυσσέας
    """,
    women="Μαρία, Ελένη, Αικατερίνη, Βασιλική, Σοφία, Αγγελική, Γεωργία, Δήμητρα, Κωνσταντίνα, Ευαγγελία, Μυρτώ",
)
_JAPANESE = _table(
    family="""
        Satou=佐藤=さとう, Suzuki=鈴木=すずき, Takahashi=高橋=たかはし, Tanaka=田中=たなか, Itou=伊藤=いとう,
        Watanabe=渡辺=わたなべ, Yamamoto=山本=やまもと, Nakamura=中村=なかむら, Kobayashi=小林=こばやし,
        Katou=加藤=かとう, Yoshida=吉田=よしだ, Yamada=山田=やまだ, Sasaki=佐々木=ささき, Matsumoto=松本=まつもと,
        Inoue=井上=いのうえ, Kimura=木村=きむら, Shimizu=清水=しみず, Hayashi=林=はやし, Saitou=斎藤=さいとう,
        Mori=森=もり
    """,
    men="""
        Tarou=太郎=たろう, Ichirou=一郎=いちろう, Kenji=健二=けんじ, Hiroshi=浩=ひろし, Takashi=隆=たかし,
        Makoto=誠=まこと, Yuuta=雄太=ゆうた, Daisuke=大輔=だいすけ, Shouta=翔太=しょうた, Kazuo=和夫=かずお,
        Ken=健=けん, Jun'ichi=純一=じゅんいち
    """,
    women="""
        Hanako=花子=はなこ, Youko=陽子=ようこ, Keiko=恵子=けいこ, Yumi=由美=ゆみ, Sakura=桜=さくら,
        Misaki=美咲=みさき, Akiko=明子=あきこ, Kyouko=京子=きょうこ, Naomi=直美=なおみ, Yuuko=裕子=ゆうこ,
        Mai=舞=まい, Tomoko=智子=ともこ
    """,
)
_KOREAN = _table(  # a given name without hanja is a Korean word
    family="""
        Kim=金=김, Lee=李=이, Park=朴=박, Choi=崔=최, Jung=鄭=정, Kang=姜=강, Cho=趙=조, Yoon=尹=윤, Jang=張=장,
        Lim=林=임, Han=韓=한, Oh=吳=오, Seo=徐=서, Shin=申=신, Kwon=權=권, Hwang=黃=황, Song=宋=송, Hong=洪=홍,
        Namgung=南宮=남궁
    """,
    men="""
        Gildong=吉洞=길동, Minjun=民俊=민준, Jihoon=智勳=지훈, Sungmin=成民=성민, Youngsoo=英洙=영수,
        Dohyun=道賢=도현, Jaehyun=在賢=재현, Kwangho=光浩=광호, Hanbyeol==한별, Haram==하람
    """,
    women="""
        Seoyeon=瑞姸=서연, Minji=敏智=민지, Jiwoo=智友=지우, Soojin=秀珍=수진, Eunji=恩智=은지, Youngja=英子=영자,
        Hyejin=惠珍=혜진, Misook=美淑=미숙, Haneul==하늘, Areum==아름
    """,
)
_CHINESE = _table(
    family="""
        Wang=王, Li=李, Zhang=张, Liu=刘, Chen=陈, Yang=杨, Zhao=赵, Huang=黄, Zhou=周, Wu=吴, Xu=徐, Sun=孙, Hu=胡,
        Zhu=朱, Gao=高, Lin=林, He=何, Guo=郭, Ma=马, Ouyang=欧阳
    """,
    men="""
        XiaoDong=小东, Wei=伟, Qiang=强, Lei=磊, Jun=军, JianGuo=建国, ZhiMing=志明, Yong=勇, Jie=杰, WenBo=文博,
        HaoRan=浩然
    """,
    women="""
        Fang=芳, Na=娜, XiuYing=秀英, Min=敏, Jing=静, Li=丽, Yan=艳, XiaoHong=小红, YuLan=玉兰, MeiLing=美玲,
        ZiHan=子涵
    """,
)

NAME_TABLES: dict[Script, tuple[NameTable, ...]] = {
    "latin1": (_GERMAN, _FRENCH, _SPANISH),
    "cyrillic": (_RUSSIAN,),
    "greek": (_GREEK,),
    "japanese": (_JAPANESE,),
    "korean": (_KOREAN,),
    "chinese": (_CHINESE,),
}
"""By script; ``latin`` has none, its names come from Faker."""
