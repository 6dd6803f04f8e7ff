import { BehaviorSubject, catchError, combineLatest, concatMap, debounceTime, delay, EMPTY, firstValueFrom, from, groupBy, interval, lastValueFrom, map, merge, mergeMap, of, reduce, retry, scan, share, Subject, switchMap, take, takeUntil, throwError, timer, toArray, zip } from 'rxjs'
import { failure, report } from './report'

export default report(async () => {
  const typed = new Subject<string>()
  const found = lastValueFrom(typed.pipe(debounceTime(5), switchMap((text) => of(`${text}?`).pipe(delay(1))), toArray()))
  typed.next('a')
  typed.next('ab')
  setTimeout(() => { typed.next('abc'); setTimeout(() => typed.complete(), 30) }, 30)
  const state = new BehaviorSubject(0)
  const seen: number[] = []
  const subscription = state.pipe(scan((sum, n) => sum + n, 0)).subscribe((n) => seen.push(n))
  for (const n of [1, 2, 3]) state.next(n)
  subscription.unsubscribe()
  state.next(100)
  let tries = 0
  const flaky = new (class { run = () => throwError(() => new Error(`try ${++tries}`)) })()
  const source = interval(2).pipe(take(3), share())
  return {
    found: await found, seen,
    grouped: await lastValueFrom(from([1, 2, 3, 4]).pipe(groupBy((n) => n % 2), mergeMap((group) => group.pipe(reduce((all, n) => [...all, n], [group.key]))), toArray())),
    ordered: await lastValueFrom(from([3, 1, 2]).pipe(concatMap((n) => timer(n).pipe(map(() => n))), toArray())),
    zipped: await lastValueFrom(zip(source, source.pipe(map((n) => n * 10))).pipe(toArray())),
    latest: await firstValueFrom(combineLatest([of(1, 2), of('a', 'b')])),
    until: await lastValueFrom(merge(interval(1000), EMPTY).pipe(takeUntil(timer(5)), toArray())),
    retried: await failure(() => lastValueFrom(of(0).pipe(mergeMap(flaky.run), retry(2)))),
    caught: await firstValueFrom(throwError(() => new Error('x')).pipe(catchError((error) => of(error.message)))),
    none: await failure(() => firstValueFrom(EMPTY)),
    promised: await lastValueFrom(from(Promise.resolve([1, 2])).pipe(mergeMap((list) => list), toArray())),
    iterated: await lastValueFrom(from((async function* () { yield 1; yield 2 })()).pipe(toArray())),
  }
})
