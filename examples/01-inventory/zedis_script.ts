// zedis_script.ts
// No import, no compile step
function updateInventory(productId: string, amount: number) {
    const stock = Zedis.get_int(productId);
    if (stock >= amount) {
        Zedis.set(productId, stock - amount);
        return { success: true };
    }
    return { error: "Out of stock" };
}
