// The examples of RFC 5545 §3.8.5.3 as data, all in America/New_York. `times` are the first occurrences, or all of them (`all`), as wall
// times: years, months and days, at 9:00 unless hours follow. The example of every three hours has the UNTIL of erratum 3883.

export interface RecurrenceExample {
  readonly rule: string;
  /** 19970902T090000 unless told. */
  readonly start?: string;
  readonly exdate?: string;
  readonly all?: true;
  /** How many there are in all, where there are too many to write down. */
  readonly total?: number;
  readonly times: string;
}

const january =
  '1998 Jan 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 | 1999 Jan 1';
const tuesdaysThursdays = '1997 Sep 2 4 9 11 16 18 23 25 30 Oct 2';
const everyTwentyMinutes =
  '1997 Sep 2@9:00 2@9:20 2@9:40 2@10:00 2@10:20 2@10:40 2@11:00 2@11:20 2@11:40 2@12:00 2@12:20 2@12:40 2@13:00 2@13:20 ' +
  '2@13:40 2@14:00 2@14:20 2@14:40 2@15:00 2@15:20 2@15:40 2@16:00 2@16:20 2@16:40 3@9:00 3@9:20';

export const rfcExamples: readonly RecurrenceExample[] = [
  { rule: 'FREQ=DAILY;COUNT=10', all: true, times: '1997 Sep 2 3 4 5 6 7 8 9 10 11' },
  { rule: 'FREQ=DAILY;UNTIL=19971224T000000Z', total: 113, times: '1997 Sep 2 3 4 5' },
  { rule: 'FREQ=DAILY;INTERVAL=2', times: '1997 Sep 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 Oct 2 4 6' },
  { rule: 'FREQ=DAILY;INTERVAL=10;COUNT=5', all: true, times: '1997 Sep 2 12 22 Oct 2 12' },
  {
    rule: 'FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA',
    start: '19980101T090000',
    total: 93,
    times: january,
  },
  { rule: 'FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1', start: '19980101T090000', total: 93, times: january },
  { rule: 'FREQ=WEEKLY;COUNT=10', all: true, times: '1997 Sep 2 9 16 23 30 Oct 7 14 21 28 Nov 4' },
  {
    rule: 'FREQ=WEEKLY;UNTIL=19971224T000000Z',
    all: true,
    times: '1997 Sep 2 9 16 23 30 Oct 7 14 21 28 Nov 4 11 18 25 Dec 2 9 16 23',
  },
  {
    rule: 'FREQ=WEEKLY;INTERVAL=2;WKST=SU',
    times: '1997 Sep 2 16 30 Oct 14 28 Nov 11 25 Dec 9 23 | 1998 Jan 6 20 Feb 3 17',
  },
  { rule: 'FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH', all: true, times: tuesdaysThursdays },
  { rule: 'FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', all: true, times: tuesdaysThursdays },
  {
    rule: 'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR',
    start: '19970901T090000',
    all: true,
    times: '1997 Sep 1 3 5 15 17 19 29 Oct 1 3 13 15 17 27 29 31 Nov 10 12 14 24 26 28 Dec 8 10 12 22',
  },
  { rule: 'FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', all: true, times: '1997 Sep 2 4 16 18 30 Oct 2 14 16' },
  {
    rule: 'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
    start: '19970905T090000',
    all: true,
    times: '1997 Sep 5 Oct 3 Nov 7 Dec 5 | 1998 Jan 2 Feb 6 Mar 6 Apr 3 May 1 Jun 5',
  },
  {
    rule: 'FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR',
    start: '19970905T090000',
    all: true,
    times: '1997 Sep 5 Oct 3 Nov 7 Dec 5',
  },
  {
    rule: 'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
    start: '19970907T090000',
    all: true,
    times: '1997 Sep 7 28 Nov 2 30 | 1998 Jan 4 25 Mar 1 29 May 3 31',
  },
  {
    rule: 'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
    start: '19970922T090000',
    all: true,
    times: '1997 Sep 22 Oct 20 Nov 17 Dec 22 | 1998 Jan 19 Feb 16',
  },
  {
    rule: 'FREQ=MONTHLY;BYMONTHDAY=-3',
    start: '19970928T090000',
    times: '1997 Sep 28 Oct 29 Nov 28 Dec 29 | 1998 Jan 29 Feb 26',
  },
  {
    rule: 'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15',
    all: true,
    times: '1997 Sep 2 15 Oct 2 15 Nov 2 15 Dec 2 15 | 1998 Jan 2 15',
  },
  {
    rule: 'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
    start: '19970930T090000',
    all: true,
    times: '1997 Sep 30 Oct 1 31 Nov 1 30 Dec 1 31 | 1998 Jan 1 31 Feb 1',
  },
  {
    rule: 'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
    start: '19970910T090000',
    all: true,
    times: '1997 Sep 10 11 12 13 14 15 | 1999 Mar 10 11 12 13',
  },
  {
    rule: 'FREQ=MONTHLY;INTERVAL=2;BYDAY=TU',
    times: '1997 Sep 2 9 16 23 30 Nov 4 11 18 25 | 1998 Jan 6 13 20 27 Mar 3 10 17 24 31',
  },
  {
    rule: 'FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
    start: '19970610T090000',
    all: true,
    times: '1997 Jun 10 Jul 10 | 1998 Jun 10 Jul 10 | 1999 Jun 10 Jul 10 | 2000 Jun 10 Jul 10 | 2001 Jun 10 Jul 10',
  },
  {
    rule: 'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3',
    start: '19970310T090000',
    all: true,
    times: '1997 Mar 10 | 1999 Jan 10 Feb 10 Mar 10 | 2001 Jan 10 Feb 10 Mar 10 | 2003 Jan 10 Feb 10 Mar 10',
  },
  {
    rule: 'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
    start: '19970101T090000',
    all: true,
    times: '1997 Jan 1 Apr 10 Jul 19 | 2000 Jan 1 Apr 9 Jul 18 | 2003 Jan 1 Apr 10 Jul 19 | 2006 Jan 1',
  },
  { rule: 'FREQ=YEARLY;BYDAY=20MO', start: '19970519T090000', times: '1997 May 19 | 1998 May 18 | 1999 May 17' },
  {
    rule: 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO',
    start: '19970512T090000',
    times: '1997 May 12 | 1998 May 11 | 1999 May 17',
  },
  {
    rule: 'FREQ=YEARLY;BYMONTH=3;BYDAY=TH',
    start: '19970313T090000',
    times: '1997 Mar 13 20 27 | 1998 Mar 5 12 19 26 | 1999 Mar 4 11 18 25',
  },
  {
    rule: 'FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8',
    start: '19970605T090000',
    times:
      '1997 Jun 5 12 19 26 Jul 3 10 17 24 31 Aug 7 14 21 28 | 1998 Jun 4 11 18 25 Jul 2 9 16 23 30 Aug 6 13 20 27 | ' +
      '1999 Jun 3 10 17 24 Jul 1 8 15 22 29 Aug 5 12 19 26',
  },
  {
    rule: 'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
    exdate: '19970902T090000',
    times: '1998 Feb 13 Mar 13 Nov 13 | 1999 Aug 13 | 2000 Oct 13',
  },
  {
    rule: 'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13',
    start: '19970913T090000',
    times: '1997 Sep 13 Oct 11 Nov 8 Dec 13 | 1998 Jan 10 Feb 7 Mar 7 Apr 11 May 9 Jun 13',
  },
  {
    rule: 'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
    start: '19961105T090000',
    times: '1996 Nov 5 | 2000 Nov 7 | 2004 Nov 2',
  },
  {
    rule: 'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3',
    start: '19970904T090000',
    all: true,
    times: '1997 Sep 4 Oct 7 Nov 6',
  },
  {
    rule: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
    start: '19970929T090000',
    times: '1997 Sep 29 Oct 30 Nov 27 Dec 30 | 1998 Jan 29 Feb 26 Mar 30',
  },
  { rule: 'FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z', all: true, times: '1997 Sep 2@9:00 2@12:00 2@15:00' },
  {
    rule: 'FREQ=MINUTELY;INTERVAL=15;COUNT=6',
    all: true,
    times: '1997 Sep 2@9:00 2@9:15 2@9:30 2@9:45 2@10:00 2@10:15',
  },
  { rule: 'FREQ=MINUTELY;INTERVAL=90;COUNT=4', all: true, times: '1997 Sep 2@9:00 2@10:30 2@12:00 2@13:30' },
  { rule: 'FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40', times: everyTwentyMinutes },
  { rule: 'FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16', times: everyTwentyMinutes },
  {
    rule: 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO',
    start: '19970805T090000',
    all: true,
    times: '1997 Aug 5 10 19 24',
  },
  {
    rule: 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU',
    start: '19970805T090000',
    all: true,
    times: '1997 Aug 5 17 19 31',
  },
  {
    rule: 'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5',
    start: '20070115T090000',
    all: true,
    times: '2007 Jan 15 30 Feb 15 Mar 15 30',
  },
];
