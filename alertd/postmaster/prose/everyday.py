"""Everyday words: by themselves they are nobody's subject of interest, whatever else they say in a letter."""

from __future__ import annotations

from typing import Final

_VERBS: Final = (
    "accept|admit|advise|agree|allow|annoy|announce|answer|apologise|apologize|appear|apply|arrange|assist|assume|attach|attend|be|become|beg|begin|behave|belong|bother|bring|bring out|browse|bundle|"
    "call|care|carry|catch|cause|check|clean|clear|click|close|clutter|come|complain|complete|confirm|confuse|connect|consider|contact|continue|correct|cost|count|cover|crash|cross|deal|decide|decline|delay|deserve|die|digest|disappear|display|disturb|do|doubt|down|drown|enable|ensure|enter|excuse|"
    "expect|expire|explain|fail|fall|feel|figure|file|fill|find|finish|fit|fix|follow|forget|gather|give|go|grant|guess|handle|happen|hear|help|hit|honour|honor|hope|hurry|imagine|improve|install|intend|join|jump|know|last|laugh|lead|learn|lie|listen|live|load|look|lose|love|manage|"
    "matter|mention|meet|mess|mistake|move|notice|obtain|open|order|overlook|pass|pass away|permit|phone|pick|ping|plan|play|point|possess|post|prefer|prepare|press|print|process|promise|prove|provide|pull|push|quote|reach|realise|realize|recall|recommend|refer|refuse|regret|relate|"
    "remember|remind|reply|report back|reprint|respond|respect|retire|return|ring|run|save|say|scan|seem|sell|serve|show|sign|sit|skip|sleep|slow|solve|speak|spell|spend|stand|stay|study|suffer|suggest|suit|support|suppose|surprise|take|talk|tell|test|thank|think|throw|tire|touch|trouble|try|"
    "understand|use|visit|wait|wake|walk|waste|watch|wear|welcome|win|wonder|work|worry|write|snow under|graduate|fill up|pile up|check in|check out|sort out|set up|come up|come in|come through|get through|keep up|turn up|show up|pop up|end up|pay|buy|sell|offer|book|borrow|lend"
)
_NAMING: Final = (
    "full text|full-text|able|absence|account manager|actual|additional|adviser|afraid|age|ago|ahead|alone|amount|angry|anybody|anyone|aside|assistance|attachment|attention|available|aware|awful|bad|base|beginning|bit|boring|boss|boy|brief|broken|busy|button|care home|case|chance|chances|change of|christmas|circle|circulation|clear|click|clock|"
    "colleague|comfortable|comment|company|complaint|computer|computers|concern|confusion|contract|convenience|copy|correct|couple|curious|date|daughter|deadline|decision|degree|delay|department|desk|details|device|difference|different|difficult|difficulties|dinner|direction|director|document|doctor|"
    "early|earth|ease|easter|easy|effort|else|end|enough time|error|evenings|ever|everybody|everyone|exact|exam|exams|example|excellent|extra|eyes|eyesight|fact|faculty|fan|far|fast|father|favour|favor|feedback|first|first of all|second|second of all|third|firstly|secondly|finally|folder|former|forward|free|free time|friday afternoon|friend|front|full|fun|"
    "girl|goal|good-bye|greeting|greetings|group|hand|hands|happy|hard|heavy|help|high|highlight|holiday|holidays|home|honest|honestly|hour|hours|huge|husband|idea|ill|immediate effect|important|impression|inconvenience|instant|institute|instruction|instructions|interesting|issue|"
    "job|joy|junk|junk folder|kindness|laptop|large|late|lately|later|leave|leave of absence|length|letter|letters|librarian|light|line|link|loads|login|long|long time|look|lot|lots|lovely|low|luck|lunch|lunchtime|machine|mailer|main|man|manager|matter|meantime|"
    "member|middle|midnight|minute|minutes|mistake|mobile|moment|mood|mother|my age|myself|name of|near|necessary|need|next|nice|nicely|night|noon|normal|note|notice|now and then|nuisance|number|occasion|off|office|officer|old address|online|opinion|opportunity|option|order|organisation|organization|own|"
    "page|pages|pain|pair|paragraph|part|party|patience|permission|person|personal|phone|phone number|picture|piece|place|plan|please find|pleasure|plenty|pointless|position|possibility|possible|post box|practice|present|pretty|previous|private|problem|problems|procedure|professor|project|proper|purpose|quick|quickly|quiet|"
    "rate|reader|ready|real|reason|reasons|recent|recently|reference|regards|regret|relief|reminder|reply|request|respect|response|result|return address|right|role|room|round|sabbatical|safe|sake|same|save|screen|search|secretary|section|seminar|sense|separate|serious|setting|setup|share|short|shortly|sick|side|"
    "sight|silence|simple|single|sir or madam|situation|size|slight|slow|small|smart|someone|somewhere|son|sooner|sorry|sort|spam|spam folder|space|spare|start|state of|step|stop that|straight|strange|strict|stuff|subject line|such|sudden|sufficient|summer|summer break|super|sure|surprise|system|systems|tablet|task|team|telephone|term|terms|"
    "text message|thanks again|thesis|thing|thought|tiny|tip|tired|title|today|together|tonight|top|tour|traffic jam|trip|trouble|truth|try|turn|uncle|unfortunate|unfortunately|unnecessary|unreadable|until now|upset|urgent|use|useful|useless|usual|vacation|version|view|visitor|wait|wall|way|website|web site|weekend|"
    "weird|whatever|whole|wife|wish|wishes|woman|wonderful|word|world of good|worth|wrong|yesterday|young|years of|respected|esteemed|honourable|madame|mister|colleagues and i|somehow|instead of that|meanwhile|overall|altogether|anyway|besides that|by mistake|accidentally|apparently|obviously|probably|certainly|definitely|exactly|"
    "fully|greatly|hardly ever|largely|mostly|nearly|partly|rarely|seldom|sometimes|usually|often|frequently|constantly|always|twice|thrice|half|quarter|anywhere|everywhere|nowhere|indeed|otherwise|rather|somewhat|thus|yet|even|almost|afterwards|beforehand|nowadays|these days|eventually|forever|ages|a while ago|"
    "christmas break|new year|chinese new year|spring festival|autumn|winter|spring break|term time|semester break|maternity leave|parental leave|sick leave|annual leave|business trip|care of|p.s|ps|fyi|btw|tx|ta|lol|imo|asap|etc|e.g|i.e|eg|ie|re|mr|mrs|ms|dr|prof|sirs|ladies|gentlemen|gents|folks|guys|mate|pal"
)
_CHINESE: Final = (
    "最近|近期|近来|实在|老是|总是|一直|经常|每次|已经|正在|刚刚|刚|终于|可能|大概|应该|必须|一定|真的|真是|太|挺|蛮|够|有时|偶尔|常常|忙|很忙|工作|上班|下班|路上|单位里|公司|学校|办公室|家里|家|同学|本科|硕士|博士|毕业|毕业论文|写论文|退休了|已退休|换工作|调动|离职|离开|出差|休假|度假|假期|放假|"
    "住院|生病|回国|出国|访学|回家|回来|老人|年纪|年纪大了|岁数|眼睛|眼神|看不清|看不懂|看不过来|看不完|读不过来|来不及|打不开|显示|正常|不正常|乱码|手机|电脑|网络|垃圾箱|垃圾邮件|占地方|占空间|满了|慢|快|早|晚|迟|早点|晚点|早一点|晚一点|快一点|抱歉|不好意思|对不起|打扰|打扰了|冒昧|敬请|谅解|理解|支持|帮助|"
    "问题|情况|原因|办法|机会|时间上|结束|开始|完成|完了|搞|弄|弄错|搞错|误点|点错|操作|使用|方便|容易|简单|复杂|清楚|明白|知道|记得|忘了|忘记|打算|考虑|建议|意见|看法|感受|喜欢|爱看|精彩|不错|很好|很棒|有用|有帮助|收获|学习|参考|阅读|读者|忠实|多年|这么|那么|怎么样|如此|一样|大家|人|事|事情|东西|话|"
    "意思|系统|软件|平台上|网站|网页|链接|附件|页面|版本|格式|行不行|好不好|成不成|要不要|如何|怎样|咋样|哈哈|嗯|哎|唉|喂|呵呵|比如|例如|一般|通常|反正|干脆|索性|顺便|尽快|赶紧|赶快|尽量|及时|定期|按时|准时|一并|一起|一同|分别|仍然|仍|依然|依旧|还能|还会|只是|就是|倒是|毕竟|起来|下去|过来|过去了"
)


def _inflected(verb: str) -> set[str]:
    """A verb's regular forms; those of the first word when it has a particle ("pile up", "piled up")."""
    head, _, particle = verb.partition(" ")
    stem = head.removesuffix("e")
    y = head.endswith("y") and head[-2:-1] not in "aeou"
    forms = {
        head,
        f"{stem}ing",
        f"{stem}ed",
        f"{head[:-1]}ies" if y else f"{head}s",
        f"{head}es",
        f"{head[:-1]}ied" if y else f"{stem}ed",
    }
    if len(head) > 2 and head[-1] in "bdgmnprt" and head[-2] in "aeiou" and head[-3] not in "aeiou":  # noqa: PLR2004
        forms |= {f"{head}{head[-1]}ing", f"{head}{head[-1]}ed"}
    return {f"{form} {particle}".strip() for form in forms}


_IRREGULAR: Final = (
    "became|began|begun|brought|brought out|bought|came|caught|chose|chosen|did|done|fell|fallen|felt|forgot|forgotten|found|gave|given|gone|grew|grown|heard|held|kept|knew|known|laid|led|left|lent|lost|meant|met|paid|ran|rang|said|sat|saw|seen|sold|spent|spoke|spoken|stood|"
    "taken|taught|thought|threw|thrown|told|took|understood|went|woke|won|wore|worn|written|wrote|dying|lying|tying|snowed under|put out|puts out"
)
PLAIN: Final[frozenset[str]] = frozenset().union(
    *(_inflected(verb) for verb in _VERBS.split("|")),
    _NAMING.split("|"),
    _IRREGULAR.split("|"),
    _CHINESE.split("|"),
)
"""All of them, lower case."""
