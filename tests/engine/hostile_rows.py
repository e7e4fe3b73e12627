"""Rows of every type that MariaDB has, each value at an end of what its type can hold."""

HOSTILE = """
create table Hostile (
    Id bigint unsigned not null primary key,
    Tiny tinyint(1), TinyU tinyint unsigned, Small smallint, SmallU smallint unsigned,
    Medium mediumint, MediumU mediumint unsigned zerofill, Whole int(11), WholeU int unsigned,
    Big bigint, BigU bigint unsigned,
    Price decimal(65,30), Money decimal(12,2), Ratio float, Amount double, Rounded double(10,2),
    Flags bit(13), Flag bit(1), Wide bit(64),
    Born date, At datetime, AtFine datetime(6), Stamp timestamp null, StampFine timestamp(3) null,
    Span time, SpanFine time(6), Anno year,
    Fixed char(10), Name varchar(200), Latin varchar(50) character set latin1,
    Old varchar(50) character set utf8mb3, Note longtext, `order` varchar(20),
    Raw4 binary(4), Bytes varbinary(50), Picture longblob,
    Colour enum('red','green','') , Days set('mon','tue','wed'), Doc json,
    Twice bigint generated always as (Whole * 2) stored,
    Half bigint generated always as (Whole / 2) virtual,
    Hidden int invisible default 7
) engine={engine} character set utf8mb4
"""
COLUMNS = (
    "Id,Tiny,TinyU,Small,SmallU,Medium,MediumU,Whole,WholeU,Big,BigU,Price,Money,Ratio,Amount,"
    "Rounded,Flags,Flag,Wide,Born,At,AtFine,Stamp,StampFine,Span,SpanFine,Anno,Fixed,Name,Latin,"
    "Old,Note,`order`,Raw4,Bytes,Picture,Colour,Days,Doc,Hidden"
)
ROWS = (
    "1,-128,255,-32768,65535,-8388608,42,-2147483648,4294967295,-9223372036854775808,"
    "18446744073709551615,-12345678901234567890123456789012345.123456789012345678901234567890,"
    "-0.01,0.1,0.1,-1.005,b'1010101010101',b'1',~0,'0001-01-01','9999-12-31 23:59:59',"
    "'2024-03-10 02:30:00.000001','2024-11-03 05:30:00','1970-01-01 00:00:01.001','-838:59:59',"
    "'838:59:59.999999',2155,'pad  ','tab\\tnewline\\ncr\\rback\\\\slash','café €','żółć',"
    "'\\\\N','\\\\.',0x00ff,0x5c0a00,0x5c78,'red','mon,wed','{\"a\": \"\\\\u0000\"}',-1",
    "2,0,0,0,0,0,0,0,0,0,0,0,0,-0e0,-0e0,0,0,b'0',0,'0000-00-00','0000-00-00 00:00:00',"
    "'2020-02-30 01:02:03.5','0000-00-00 00:00:00','2038-01-19 03:14:07.999','00:00:00',"
    "'-00:00:00.5',0,'','','','','',' ','','','','','','[]',0",
    "3,1,1,1,1,1,1,1,1,1,1,1,1,3.4028234663852886e38,1.7976931348623157e308,1,1,1,1,"
    "'2019-00-00','2019-05-00 10:00:00','0000-01-01 00:00:00','2024-01-01','2024-01-01',"
    "'24:00:00','25:00:00.25',1901,'\\0a\\0','nul \\0 in text','a','b',repeat('\\U0001f9b7 x',"
    "30000),"
    "'NULL','ab','ab',repeat(0x00ff, 100000),'','','null',null",
    "4" + ",null" * 39,
    "18446744073709551615,2,2,2,2,2,2,2,2,2,2,2,2,1.17549435e-38,5e-324,2,2,b'0',2,'2024-02-29',"
    "'1000-01-01 00:00:00.9','2024-02-29 23:59:59.999999','2024-06-01','2024-06-01','-00:30:00',"
    "'12:00:00',1970,'N','''','\"','/',';','$','1','2','3','green','tue','1',2",
)
