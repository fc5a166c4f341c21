/** Bodies of requests may leave members out: the schema's objects are written for answers, where all are present. */
export type Loose<T> = T extends (infer E)[] ? Loose<E>[] : T extends object ? { [K in keyof T]?: Loose<T[K]> } : T

type LooseBody<B> = B extends { content: infer C }
  ? Omit<B, 'content'> & { content: { [K in keyof C]: Loose<C[K]> } }
  : B

type LooseOperation<O> = O extends { requestBody: infer B }
  ? Omit<O, 'requestBody'> & { requestBody: LooseBody<B> }
  : O extends { requestBody?: infer B }
    ? Omit<O, 'requestBody'> & { requestBody?: LooseBody<NonNullable<B>> }
    : O

export type LoosePaths<P> = { [Path in keyof P]: { [Method in keyof P[Path]]: LooseOperation<P[Path][Method]> } }
