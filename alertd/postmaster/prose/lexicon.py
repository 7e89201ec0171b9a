"""The words people write around a wish, each with the one thing it says; every other word is a subject of interest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alertd.postmaster.prose.everyday import PLAIN


class Part(StrEnum):
    """What a word does in a wish."""

    FILL = "fill"
    MAILS = "mails"
    WANT = "want"
    ADD = "add"
    STOP = "stop"
    NOT = "not"
    PAUSE = "pause"
    RESUME = "resume"
    ONLY = "only"
    REST = "rest"
    KEEP = "keep"
    MISS = "miss"
    EXCESS = "excess"
    CHANGE = "change"
    WHY = "why"
    WHICH = "which"
    MINE = "mine"
    CHOICE = "choice"
    HAVE = "have"
    PAST = "past"
    NOW = "now"
    HOW = "how"
    OTHERS = "others"
    ENGLISH = "english"
    CHINESE = "chinese"
    HTML = "html"
    TEXT = "text"
    RATHER = "rather"
    DATA = "data"
    ERASE = "erase"
    COPY = "copy"
    IF = "if"
    TIME = "time"
    JOIN = "join"
    HAPPENED = "happened"
    PLAIN = "plain"
    TOPIC = "topic"


_TABLE: Final[dict[Part, str]] = {
    Part.FILL: (
        "what you write|what you publish|whatever you write|whatever you publish|what you have|今天|今日|明天|这两个|这几个|这三个|until|till|during|between|wherever|any more|anymore|any longer|never write to me again|never contact me again|never mail me again|local time|according|according to|汇总|归总|集中|这方面|该方面|上述|以上|负责|主管|many|most|few|several|years|interesting|days|weeks|months|years|fortnight|hours|至|于|往|才|一回|一周|两周|一个月|两个月|is there any chance|any chance of|is there a chance|any chance|is it an option|an option|no problem|no doubt|why not|no hurry|no rush|not bad|not yet|not only|don't forget|do not forget|don't hesitate|do not hesitate|please don't hesitate|不要忘记|别忘了|别忘|没问题|不错|不客气|不好意思|不久|不仅|不过|不少|可以的话|如果可能|如果方便|如可能|如有可能|brings|bring|brought|gives|yields|finds|i|i'm|i am|i'd|i've|i'll|i will|we|we're|we are|we'd|you|your|yours|u|me|us|my|our|myself|ourselves|a|an|the|to|for|from|on|in|of|at|by|with|about|into|up|it's|it is|is|are|am|be|been|was|were|will|"
        "would|could|can|may|might|shall|should|must|do|does|did|have to|has|had|please|pls|plz|kindly|thanks|thank you|thx|many thanks|thanks a lot|thank you very much|cheers|hi|hello|hey|dear|there|sir|madam|team|all|ok|okay|yes|well|so|then|"
        "that|which are|which is|who|as|if possible|if that is possible|if you can|if you could|if you don't mind|possible|possibly|perhaps|maybe|would you mind|do you mind|mind|is it possible|would it be possible|is there a way|any way|"
        "could you|can you|would you|will you|i would like|i'd like|i would|would like|i hope|hope|ask|asking|request|wondering|whether|just|simply|really|very|quite|also please|again please|now please|from now on|in future|in the future|henceforth|"
        "going forward|this|these|those|such|some|any|every|each|more|new|latest|other|another|one|ones|two|three|following|mine|still|already|actually|currently|at the moment|at present|very much|kind|kindness|so kind|be so kind|"
        "thank|grateful|happy|glad|be grateful if|appreciate|appreciated|appreciate it if|need to|able|let|here|out|too please|both|same|basis|via|per|than|because|since|when|whenever|where|as soon as|once|if there is|something|anything|everything|stuff|things|"
        "thing|time|times|great|nice|good|fine|better|best|enough for me|suits|suit|works|work for me|easier|ideal|perfect|sounds|think|believe|guess|it|them|they|its|their|related|relating|regarding|concerning|dealing|deals|deal|topics like|"
        "subject|subjects|topic|topics|theme|themes|field|fields|area|areas|issue of|issues|matters|question|questions|word|words|term|terms|key word|key words|keyword|keywords|query|queries|comes|come|come out|comes out|coming|appears|appear|published|publish|"
        "publishes|release|released|releases|available|gets|arrive|arrives|arrived|sent to|way|case|little|bit|a bit|long|go|going|make|makes|made|mean|course|of course|today|bye|goodbye|twice|before|after|tomorrow|morning|evening|week|day|month|year|in general|generally|especially|particularly|mainly|"
        "personally|for my part|on my side|as well please|instead please|and|or|but|however|although|though|both|"
        "我|我们|本人|我的|你|你们|您|您们|贵|贵处|贵所|贵院|贵单位|贵中心|贵社|贵方|贵机构|请|请问|请教|麻烦|麻烦您|烦请|劳驾|拜托|帮|帮我|帮忙|给|给我|为我|替我|向我|对|对于|把|将|的|了|吧|呢|吗|啊|呀|哦|哈|嘛|么|地|得|能|能否|能不能|可以|可不可以|可否|是否|"
        "是不是|会|就|都|也就|也是|还是|那|那个|这个|这|那些|这些|该|此|这类|那类|类|一类|之类|方面|领域|相关|有关|关于|涉及|主题|关键词|关键字|词|内容|话题|一个|两个|三个|几个|个|一份|一封|一次|一下|一些|份|封|次|条|篇|里|里面|中|上|下|之|您好|你好|老师|老师好|老师们|各位|"
        "谢谢|谢谢您|感谢|多谢|谢了|辛苦了|拜托了|贵刊|编辑|编辑部|小编|亲|嗨|一点|点儿|比较好|比较|最好|更好|就好|就行|就可以|即可|行|好|行吗|好吗|可以吗|方便的话|如果可以|如方便|希望|想|想要|需要|要|愿意|打算|准备|觉得|有点|有些|非常|十分|很|特别|比较关心|主要|主要是|"
        "以后|今后|从今以后|从现在起|往后|目前|现在|当前|时候|时|的时候|到|到我|我这里|这边|这里|那边|以|用|按|按照|通过|方式|形式|所有|全部|一切|任何|最新|新|一律|统一|等|等等|，|。|因为|由于|所以|因此|但|但是|不过|而|而且|并|并且|另外|此外|同时|然后|其实|确实|直接|"
        "保存|存储|收集|掌握|持有|出来|发布|出现|上线|有|有了|一有|若有|如有|凡是|凡|只要有|什么|兼|与|和|及|以及|还有|或|或者|从|由|在|着|过|来|去|再|又"
    ),
    Part.MAILS: (
        "信箱|信件|来信|寄信|发信|电邮|everything you publish|all you publish|whatever you publish|anything you publish|everything you release|your letter|your letters|circulation|mailbox address|line|hits|results|matches|mail|mails|e-mail|e-mails|email|emails|report|reports|alert|alerts|paper|papers|article|articles|publication|publications|newsletter|newsletters|digest|digests|list|mailing list|distribution list|distribution|mailings|mailing|message|messages|"
        "notification|notifications|update|updates|news|subscription|subscriptions|service|services|address|my address|name|account|summary|summaries|bulletin|bulletins|document|documents|research|studies|study|material|information|info|content|frequency|schedule|delivery|"
        "inbox|mailbox|database|catalogue|your list|"
        "邮件|电子邮件|电子邮箱|邮箱|报告|研究报告|列表|名单|邮件列表|通知|提醒|推送|简报|周报|日报|月报|文章|论文|资料|信息|消息|资讯|订阅服务|服务|摘要|电子报|期刊|更新|东西|频率|地址|动态"
    ),
    Part.WANT: (
        "require|requires|required|keep us informed|keep us posted|keep us updated|keep us up to date|keep us in the loop|keep me up-to-date|tell us|let us know|notify us|inform us|推|would like|i'd like|i would like|we'd like|we would like|'d like|i'd love|would love|would love to|keep me up to date|keep me in the loop|ping me|drop me a line|bring me|posted|be notified|be informed|be alerted|推送|寄给我|送|想收|想订|想看|working on|work on|working with|get|getting|got|receive|receiving|received|send|sending|sent|give|mail me|e-mail me|email me|want|wanted|wants|wish|need|like|love|like to get|interested|interested in|interest|interests|subscribe|subscribing|sign up|sign me up|signed up|register|join|enrol|enroll|follow|"
        "following up|track|hear|hear about|see|read|reading|open|opening|look at|notify|notify me|alert me|inform|inform me|informed|keep me informed|keep me posted|keep me updated|tell me|told|let me know|know|learn|know about|be told|have|put me|put me on|put my name|looking for|look for|looking forward to receiving|deliver|forward|"
        "订阅|订|定阅|收|收到|接收|发|发送|发来|寄|寄送|寄来|发给|发给我|看|看看|看到|关注|关心|跟踪|了解|感兴趣|有兴趣|兴趣|通知我|告诉我|提醒我|推送给我|获取|加入|阅读"
    ),
    Part.ADD: (
        "on my list|to my list|to my keywords|to my key words|to my topics|to my subscription|onto my list|in its place|in their place|one more|another one|another topic|再给我加|一并|也要|add|adding|include|including|also|too|as well|in addition|additionally|besides|cover|covering|extend|plus|on top|put in|"
        "添加|增加|加上|加入关键词|加|加个|新增|追加|补充|也|还|还想|还要|再加|另加|增订|外加|除此之外"
    ),
    Part.STOP: (
        "aren't relevant|isn't relevant|are not relevant|is not relevant|not relevant for me|no longer relevant|never read|never open|never look at|别再推|别推|不要再推|不再推|won't need|won't be needing|don't need|do not need|没有兴趣|cancellation|cancelation|termination|removal|can do without|could do without|do without|no need for|spare me|had enough|sick of|tired of|fed up with|not needed|not required|no use for|no longer needed|不要了|不用了|不需要了|不看了|不想看了|不收了|别发了|不订了|算了|stop|stopping|unsubscribe|unsubscribing|remove|removing|drop|cancel|cancelling|delete|leave out|leaving out|left out|skip|exclude|excluding|omit|take off|take me off|take out|take my name off|get rid of|cut|cut out|no more|no longer|quit|opt out|sign off|discontinue|cease|end|"
        "spare me|not my field|not my area|not my subject|not relevant|irrelevant|of no interest|of no use|not useful|useless|not interesting|doesn't interest me|does not interest me|don't interest me|do not interest me|no interest|not interested|not interested in|与我无关|无关|没用|没什么用|用不上|用不着|without|do without|enough of|enough|lose|kick out|nix|scrap|can go|get me off|strike|ditch|switch off|turn off|"
        "退订|取消|取消订阅|退|退掉|退出|退阅|停|停掉|停止|停发|停了|删|删掉|删除|删了|去掉|去除|移除|移出|剔除|取消掉|拿掉|撤掉|终止|除名|减掉|不用再"
    ),
    Part.NOT: (
        "not|no|don't|dont|do not|doesn't|does not|never|no need|neither|nor|nothing|not really|not at all|at all|"
        "不|不再|不要|别|别再|不用|不必|无需|不需要|不想|勿|请勿|不是|不愿|莫|不感兴趣|没兴趣|不关心|不看"
    ),
    Part.PAUSE: (
        "silence|peace and quiet|some peace|quiet time|some quiet|pause|pausing|hold|suspend|freeze|halt|interrupt|put on hold|on hold|take a break|a break|break|for now|for the time being|for the moment|for a while|temporarily|temporary|while i'm away|while i am away|until further notice|till further notice|meanwhile|"
        "暂停|暂缓|先停|暂时|先不|先别|停一阵|停一段|中止|一段时间|这段时间|这阵子|期间|等我回来|歇一歇"
    ),
    Part.RESUME: (
        "resume|restart|reactivate|continue|continuing|start again|begin again|sending again|switch on|back on|turn on|turn back on|again|i'm back|i am back|am back|"
        "恢复|继续|重新|重新开始|接着发|照常发|回来了"
    ),
    Part.ONLY: "only|solely|exclusively|nothing but|just the|只|仅|只要|只想|仅仅|只看|只收|只订",
    Part.REST: "the rest|rest|others|the others|the other ones|everything else|anything else|all others|other topics|remaining|as before|as it is|as is|unchanged|as they are|其他|其它|其余|别的|剩下的|照旧|不变|照常|不动|一样",
    Part.KEEP: "keep|keeping|keep on|retain|stay|remain|leave on|保留|留下|留着|留",
    Part.MISS: "miss|missing|missed|forget about|错过|漏掉",
    Part.EXCESS: "too slow|swamped|drowning|fewer mails|fewer e-mails|fewer emails|看不过来|来不及看|too much|too many|too often|too frequent|too frequently|way too many|far too many|more than i can|overwhelming|overwhelmed|flooded|less often|less frequently|fewer|less|太多|太频繁|太勤|太密|过多|过于频繁|少发|少一点|少点",
    Part.CHANGE: "instead|change|switch|set|move|make it|turn|adjust|put|shift|reduce|limit|restrict|bundle|bundled|combine|改|改成|改为|换成|换为|调成|调整|调整为|调到|变成|设为|改到|修改|更改|变更|换",
    Part.WHY: "what made you|what caused|how is it that|why|how come|for what reason|what for|为什么|为何|为啥|怎么会|何故",
    Part.WHICH: "a list of the keywords|list of the keywords|a list of my|list of my keywords|have a list of|send me a list of|give me a list of|have the list of|overview of my|an overview of|remind me|remind me of|what|which|what exactly|哪些|哪几个|什么|啥|哪|多少|几个关键词",
    Part.MINE: "do you have for me|do you have on me|have you noted for me|keywords i gave you|i gave you|i've given you|i entered|i registered|you've got for me|you have for me|you have got for me|have you got for me|you've stored for me|i've got|i have chosen|i chose|i've chosen|my profile|我订的|我选的|我选了|我现在订|我现在收|my keywords|my key words|my subscriptions|my subscription|my settings|my topics|my alerts|my list|subscribed to|subscribed|signed up for|signed up to|signed up|have i|am i|do i|did i|i have|i am getting|on file|我的订阅|我订|我订阅|订了|订阅了|我订了|设置|我关注",
    Part.CHOICE: "可以订阅|能订阅|可订阅|choose|choose from|pick|pick from|offer|offered|available topics|on offer|can i subscribe|could i subscribe|to choose|可选|可以订|能订|可供|提供|可以选",
    Part.HAVE: "have you ever published|did you ever publish|have you ever written|have you anything|do you publish|anything published|可有|do you have|have you got|did you publish|have you published|have you done|is there|are there|have you written|do you know of|has the institute published|你们有没有|有没有|贵处有没有|有无|是否有|有吗|找|查|查找|搜|搜索|找一下|查一下|找找|search|search for|find|look up|searching",
    Part.PAST: "往年|历年|过去几年|之前的|以前的|早年|old|older|earlier|past|previous|archive|archived|archives|back issues|so far|last year|last years|last few years|the last years|recent years|以前|过去|往年|往期|历史|之前|近几年|近年|旧",
    Part.NOW: "digest now|mail now|reports now|alerts now|it now|them now|issue now|today's reports|today's digest|today's mail|right this minute|this minute|on the spot|right now|right away now|today's|at once|straight away|without waiting|can't wait|等不及|马上就|现在就|这就|立刻给我",
    Part.HOW: "manual|user guide|guide|handbook|tutorial|documentation|instructions|说明书|教程|指南|使用方法|what can you do|what is possible|what's possible|what else can|what are the options|能做什么|有什么功能|how would i|how should i|how am i|what do i have to do|what should i do|how do i|how can i|how does|how do|how to|how|what can i|what do i|怎么|如何|怎样|怎么用|怎么弄|咋",
    Part.OTHERS: "约您|约稿|写一篇|请您写|采访|邀请您|邀请|invite|invitation|interview|reprint|meet you|meet with|my colleague|colleague|colleagues|my friend|friend|friends|my boss|my student|students|she|he|her|his|him|someone|somebody|my wife|my husband|同事|朋友|学生|他|她|别人|领导",
    Part.ENGLISH: "english|in english|english version|英文|英语|英文版",
    Part.CHINESE: "chinese|in chinese|mandarin|chinese version|中文|汉语|中文版|简体中文|华文",
    Part.HTML: "html|rich text|formatted|with formatting|网页格式|富文本|网页版",
    Part.TEXT: "plain text|plain-text|plaintext|text only|text-only|just text|plain|text|text version|ascii|纯文本|文本|纯文字|文字版",
    Part.RATHER: "rather than|instead of|and not|in place of|replace|replaced|而不是|代替|替换",
    Part.DATA: "everything you have on file|on file about me|you have about me|you hold about me|you know about me|stored about me|about me|my data|all my data|资料|我的资料|我的信息|我的数据|data|personal data|personal information|records|everything about me|everything you have|information about me|数据|个人数据|个人信息|个人资料|隐私|记录|全部个人信息",
    Part.ERASE: "erased|deleted|removed|wiped|destroyed|删|删了|都删了|删光|erase|delete|wipe|destroy|purge|forget me|删除|清除|销毁|删掉|抹掉",
    Part.COPY: "a copy|copy|export|download|hold about me|stored about me|导出|下载|副本",
    Part.IF: "if you|if i|in case|should you|unless|如果|若|假如|要是|万一",
    Part.JOIN: "及其",
    Part.HAPPENED: "can't|cannot|can not|won't|isn't|aren't|wouldn't|couldn't|could not|unable|not able|don't know|do not know|not sure|don't understand|do not understand|don't see|do not see|don't remember|not know|不知道|不知|不清楚|不明白|不懂|不见|不能|不到|看不到|收不到|打不开|不会|didn't|did not|haven't|have not|hasn't|has not|never got|never received|never came|never arrived|no mail|没|没有|未|并未|并没有|没收到|从未|从没",
}  # fmt: skip
# Subjects that begin, or consist of, what would be a small word elsewhere.
_SUBJECTS: Final = (
    "full employment|不发达|欠发达|不平衡|不充分|不确定|不对称|不完全|健康|service sector|service industry|public services|social services|social service|public service|information technology|information security|news media|land use|water use|energy use|research and development|health care|child care|elderly care|day care|"
    "long-term care|new energy|new media|new york|new zealand|new towns|working class|data protection|data security|big data|data centres|data centers|data market|data elements|open data|text mining|mail order|address system|chinese medicine|chinese economy|"
    "old age|old-age|elderly|study abroad|joint ventures|further education|past exams|free trade|list companies|stop loss|holding companies|"
    "发展|发电|发债|发行|发达|发明|发改委|我国|要素|可再生|可持续|不平等|不动产|不良|对外|对口|再分配|再就业|再制造|再生|在线|以旧换新|以工代赈|从业|收入|收费|收储|收购|看护|看病|给付|用地|用水|用工|用电|用能|能源|能耗|会计|会展|停车|停产|停工|来源|"
    "有机|有色|有限|就业|就医|就诊|个人所得税|个税|个体|退休|退耕|退役|退税|退市|新能源|新兴|新型|新质|新农|新城|新疆|新基建|新业态|都市|全民|全球|全国|加工|加密|减税|减排|减贫|增值税|增长|上市|上海|上游|下乡|下岗|下游|中国|中小|中医|中部|中西部|中等|中央|中东|"
    "大数据|数据要素|数据安全|信息化|信息技术|信息安全|服务业|服务贸易|公共服务|养老服务|邮政|通知书|留守|留学|研究生|地方|地区|地产|地价|地震|过剩|等级|方向|份额|条例|篇幅|好转|由来|将来|并购|并轨|而今|文字|行业|行政|银行|行动|之江|这里|人工智能|和平|和谐|及时|与会|着陆|"
    "贵州|贵阳|农民工|民生|用户|户籍|多元|少数民族|少子化|少年|东西部|东西方|更新改造|城市更新|设备更新|教育|高等|文本挖掘|改革|医改|税改|房改|换届|调控|调解|变革|设施|设备|看守|关税|关键矿产|关联|订单|订单农业|定价|期货|查处|找矿|搜救|哪吒|什邡"
)
_LEXICON: Final[dict[str, Part]] = (
    dict.fromkeys(PLAIN, Part.PLAIN)
    | {word: part for part, words in _TABLE.items() for word in words.split("|")}
    | dict.fromkeys(_SUBJECTS.split("|"), Part.TOPIC)
)
"""What each word says; where a word stands in two rows, the later row is meant."""


def _longest(words: Iterable[str]) -> dict[str, int]:
    """How many words (or, of Chinese, characters) the longest entry has that begins like this."""
    longest: dict[str, int] = {}
    for word in words:
        pieces = word.split() if word[0].isascii() else word
        longest[pieces[0]] = max(longest.get(pieces[0], 0), len(pieces))
    return longest


_LONGEST: Final = _longest(_LEXICON)
_WORD = re.compile(
    r"(?P<quoted>\"[^\"]{1,200}\"|“[^”]{1,200}”|「[^」]{1,200}」|『[^』]{1,200}』|《[^》]{1,200}》|‘[^’]{1,200}’|(?<![A-Za-z])'[^']{2,80}'(?![A-Za-z]))|"
    r"(?P<time>\x00)|(?P<join>[,;、/&])|(?P<latin>[A-Za-zÀ-ɏ0-9](?:[A-Za-zÀ-ɏ0-9_'.+-]*[A-Za-zÀ-ɏ0-9+])?)|(?P<other>[^\W_])"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a clause.

    Attributes:
        part: what it does.
        text: as written.
        start: where it begins in the clause.
        end: where it ends.
    """

    part: Part
    text: str
    start: int
    end: int


def tokens(clause: str) -> tuple[Token, ...]:
    """The clause's words in order; NUL characters stand for its timing. Marks other than commas say nothing."""
    words = [
        (kind, match.start(), match.end()) for match in _WORD.finditer(clause) if (kind := match.lastgroup)
    ]
    found: list[Token] = []
    at = 0
    while at < len(words):
        kind, start, end = words[at]
        length, part = 1, _MARKS.get(kind, Part.TOPIC)
        if kind in {"latin", "other"}:
            length, part = _look_up(clause, words, at)
            end = words[at + length - 1][2]
        found.append(Token(part, clause[start:end], start, end))
        at += length
    return tuple(found)


_MARKS: Final = {"time": Part.TIME, "join": Part.JOIN}


def _look_up(clause: str, words: list[tuple[str, int, int]], at: int) -> tuple[int, Part]:
    """The longest entry that begins with this word: how many words it takes, and its part."""
    kind, start, end = words[at]
    for length in range(
        min(_LONGEST.get(clause[start:end].lower().removesuffix("'s"), 0), len(words) - at), 0, -1
    ):
        last = words[at + length - 1]
        text = re.sub(r"\s+", " ", clause[start : last[2]].lower())
        if text not in _LEXICON and text.endswith("'s"):
            text = text[:-2]
        if text in _LEXICON and last[0] == kind:
            return length, _LEXICON[text]
    return 1, Part.PLAIN if clause[start:end].isdecimal() else Part.TOPIC


def part_of(word: str) -> Part | None:
    """What a single word says by itself, None when it is no small word."""
    return _LEXICON.get(word)


_WISHING: Final = frozenset(Part) - {
    Part.FILL,
    Part.TOPIC,
    Part.JOIN,
    Part.MAILS,
    Part.TIME,
    Part.PLAIN,
    Part.DATA,
    Part.TEXT,
}


def speaks(text: str) -> bool:
    """Whether Chinese words say something, rather than just name subjects: a word of two characters or more is a wish's."""
    return any(
        token.part in _WISHING and len(token.text) > 1 and not token.text.isascii() for token in tokens(text)
    )
