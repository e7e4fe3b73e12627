-- The practice whose warehouse was dumped; nothing in it is anybody's. One statement a line.
create table patient (PatNum bigint primary key auto_increment, LName varchar(100) not null, PatStatus tinyint unsigned not null, Guarantor bigint not null, Birthdate date not null, DateTStamp timestamp not null default current_timestamp on update current_timestamp) engine=MyISAM
insert into patient select seq, concat('name ', seq), 0, seq, '1970-01-01', '2024-05-05 05:05:05' from seq_1_to_300
create table adjustment (AdjNum bigint primary key, AdjDate date not null, AdjAmt double not null, PatNum bigint not null) engine=MyISAM
insert into adjustment select seq, '2024-02-02', seq, 1 + seq % 300 from seq_1_to_500
create table appointment (AptNum bigint primary key, PatNum bigint not null, AptStatus tinyint unsigned not null, AptDateTime datetime not null) engine=MyISAM
insert into appointment select seq, 1 + seq % 300, if(seq % 3, 2, 77), '2024-03-03 09:00:00' from seq_1_to_300
create table payment (PayNum bigint primary key, PayDate date not null, PayAmt double not null, PatNum bigint not null) engine=MyISAM
insert into payment select seq, '2024-04-04', seq, 1 + seq % 300 from seq_1_to_400
create table claim (ClaimNum bigint primary key, PatNum bigint not null, DateService date not null) engine=MyISAM
insert into claim select seq, 1 + seq % 300, '2024-01-01' from seq_1_to_100
create table signalod (FKeyType varchar(20), FKey bigint) engine=MyISAM
insert into signalod select 'x', seq from seq_1_to_20
create table statement (StatementNum bigint primary key, PatNum bigint not null) engine=MyISAM
create table popup (PopupNum bigint primary key, PatNum bigint not null) engine=MyISAM
insert into popup select seq, 1 + seq % 300 from seq_1_to_50
