export async function launch(): Promise<void> {}
